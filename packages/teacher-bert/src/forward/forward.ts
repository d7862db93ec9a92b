import { engine, loadOnnx, type OnnxSession, type OnnxTensor } from '@kd/jit'
import type { BertConfig } from '../checkpoint/config.ts'
import type { BertWeights } from '../checkpoint/weights.ts'
import type { Forward, RunForward } from './forward-pass.ts'
import { bertGraph } from './onnx-graph.ts'
import type { Arithmetic } from './onnx-products.ts'
import { placesOf } from './places.ts'

/** Batches computed side by side at most: each holds the weights once more. */
const mostAtOnce = 4

/** The forward pass on the process's engine: an ONNX graph on the native one, else TensorFlow.js in single precision. */
export async function forwardOn(weights: BertWeights, config: BertConfig, arithmetic: Arithmetic, threads?: number): Promise<Forward> {
  const { native, threads: all } = await engine()
  if (!native) return (await import('./tfjs-forward.ts')).tfjsForward(weights, config)
  const available = threads ?? all
  const load = (atOnce: number) =>
    loadOnnx(bertGraph(weights, config, arithmetic), { atOnce, threads: Math.max(1, Math.floor(available / atOnce)) })
  const session = await load(1)
  /** Absent once it failed: the next call tries again. */
  let wide: Promise<OnnxSession> | undefined
  const atOnce = Math.min(available, mostAtOnce)
  return {
    ...(arithmetic === 'int8' ? { arithmetic: 'int8, a scale a token', revision: 3, independent: true } : { arithmetic: 'float32' }),
    run: runOn(session, config),
    ...(atOnce > 1 && {
      async sideBySide() {
        wide ??= load(atOnce).catch((error: unknown) => {
          wide = undefined
          throw error
        })
        return { run: runOn(await wide, config), atOnce }
      },
    }),
    async dispose() {
      await session.dispose()
      await (await wide?.catch(() => undefined))?.dispose()
    },
  }
}

function runOn(session: OnnxSession, config: BertConfig): RunForward {
  return async (ids, types, shape) => {
    const feeds: Record<string, OnnxTensor> = { ids: { data: ids, shape } }
    if (config.types > 0) feeds.types = { data: types, shape }
    if (config.firstPosition > 0) feeds.places = { data: placesOf(ids, shape[1], config), shape }
    const { logits } = await session.run(feeds)
    return logits!.data as Float32Array
  }
}
