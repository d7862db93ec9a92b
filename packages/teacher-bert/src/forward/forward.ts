import { engine, loadOnnx, type OnnxTensor } from '@kd/jit'
import type { BertConfig } from '../checkpoint/config.ts'
import type { BertWeights } from '../checkpoint/weights.ts'
import type { Forward } from './forward-pass.ts'
import { bertGraph } from './onnx-graph.ts'
import type { Arithmetic } from './onnx-products.ts'
import { placesOf } from './places.ts'

/** The forward pass on the process's engine: an ONNX graph on the native one, else TensorFlow.js in single precision. */
export async function forwardOn(weights: BertWeights, config: BertConfig, arithmetic: Arithmetic, threads?: number): Promise<Forward> {
  const { native } = await engine()
  if (!native) return (await import('./tfjs-forward.ts')).tfjsForward(weights, config)
  const session = await loadOnnx(bertGraph(weights, config, arithmetic), { threads })
  return {
    arithmetic: arithmetic === 'int8' ? 'int8, a scale a token' : 'float32',
    async run(ids, types, shape) {
      const feeds: Record<string, OnnxTensor> = { ids: { data: ids, shape } }
      if (config.types > 0) feeds.types = { data: types, shape }
      if (config.firstPosition > 0) feeds.places = { data: placesOf(ids, shape[1], config), shape }
      const { logits } = await session.run(feeds)
      return logits!.data as Float32Array
    },
    dispose: () => session.dispose(),
  }
}
