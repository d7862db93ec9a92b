import { engine, loadOnnx } from '@kd/jit'
import type { BertWeights } from './checkpoint.ts'
import type { BertConfig } from './config.ts'
import type { Forward } from './forward-pass.ts'
import { bertGraph } from './onnx-graph.ts'
import type { Arithmetic } from './onnx-products.ts'

/** The forward pass on the process's engine: an ONNX graph on the native one, else TensorFlow.js in single precision. */
export async function forwardOn(weights: BertWeights, config: BertConfig, arithmetic: Arithmetic, threads?: number): Promise<Forward> {
  const { native } = await engine()
  if (!native) return (await import('./tfjs-forward.ts')).tfjsForward(weights, config)
  const session = await loadOnnx(bertGraph(weights, config, arithmetic), { threads })
  return {
    arithmetic: arithmetic === 'int8' ? 'int8, a scale a token' : 'float32',
    async run(ids, types, shape) {
      const { logits } = await session.run({ ids: { data: ids, shape }, types: { data: types, shape } })
      return logits!.data as Float32Array
    },
    dispose: () => session.dispose(),
  }
}
