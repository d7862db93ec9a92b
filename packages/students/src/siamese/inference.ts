import { throwIfAborted } from '@kd/core'
import { loadOnnx, type OnnxSession } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import {
  graphInputs,
  type Inference,
  type InferenceParts,
  inBatches,
  type LayersParts,
  layersLogits,
  layersStates,
  type TextIds,
  valuesOf,
} from '../student/inference.ts'
import type { Sizes } from '../student/weights.ts'
import { pairFeatures } from './features.ts'
import { compareGraph, pairsGraph } from './graph.ts'

/** Known texts that one is compared with at once. */
const comparedAtOnce = 2048

export async function siameseInference(parts: InferenceParts): Promise<Inference> {
  const session = await loadOnnx(pairsGraph(parts))
  let head: Promise<OnnxSession> | undefined
  const ints = (values: ArrayLike<number>) => ({ data: Int32Array.from(values), shape: [values.length] })
  return batched(parts.sizes, {
    async pairs(texts, first, second) {
      const { logits } = await session.run({ ...graphInputs(texts), first: ints(first), second: ints(second) })
      return logits!.data as Float32Array
    },
    async states(texts) {
      const { states } = await session.run({ ...graphInputs(texts), first: ints([0]), second: ints([0]) })
      return states!.data as Float32Array
    },
    async compare(first, known) {
      head ??= loadOnnx(compareGraph(parts))
      const rows = { data: known, shape: [known.length / first.length, first.length] }
      const { logits } = await (await head).run({ first: { data: first, shape: [1, first.length] }, known: rows })
      return logits!.data as Float32Array
    },
    async dispose() {
      await session.dispose()
      await (await head)?.dispose()
    },
  })
}

export function siameseOnLayers(parts: LayersParts): Inference {
  const logitsOf = (a: tf.Tensor2D, b: tf.Tensor2D) => layersLogits(parts, pairFeatures(a, b))
  return batched(parts.sizes, {
    pairs: (texts, first, second) =>
      valuesOf(() => {
        const states = layersStates(parts, texts)
        const [a, b] = [first, second].map((rows) => tf.gather(states, tf.tensor1d([...rows], 'int32'))) as [tf.Tensor2D, tf.Tensor2D]
        return logitsOf(a, b)
      }),
    states: (texts) => valuesOf(() => layersStates(parts, texts)),
    compare: (first, known) =>
      valuesOf(() => {
        const rows = tf.tensor2d(known, [known.length / first.length, first.length])
        return logitsOf(tf.tile(tf.tensor2d(first, [1, first.length]), [rows.shape[0], 1]), rows)
      }),
    dispose: async () => {},
  })
}

/** The same of one batch. */
interface OneBatch {
  /** @param first, second which texts are each pair's */
  pairs(texts: readonly Int32Array[], first: readonly number[], second: readonly number[]): Promise<Float32Array>
  states(texts: readonly Int32Array[]): Promise<Float32Array>
  compare(first: Float32Array, known: Float32Array): Promise<Float32Array>
  dispose(): Promise<void>
}

function batched({ hidden, classes }: Sizes, { pairs, states, compare, dispose }: OneBatch): Inference {
  return {
    logits: (examples, signal) =>
      inBatches<TextIds>(examples, {
        width: classes,
        texts: (example) => example,
        run(rows) {
          const [first, second] = [0, 1].map((side) => rows.map((row) => row[side]!)) as [Int32Array[], Int32Array[]]
          const texts = [...new Set([...first, ...second])]
          const at = new Map(texts.map((text, index) => [text, index]))
          const places = (side: readonly Int32Array[]) => side.map((text) => at.get(text)!)
          return pairs(texts, places(first), places(second))
        },
        signal,
      }),
    pairs: {
      states: (texts, signal) => inBatches(texts, { width: 2 * hidden, texts: (text) => [text], run: states, signal }),
      async compare(first, known, signal) {
        const rows = known.length / first.length
        const logits = new Float32Array(rows * classes)
        for (let start = 0; start < rows; start += comparedAtOnce) {
          throwIfAborted(signal)
          const part = known.subarray(start * first.length, (start + comparedAtOnce) * first.length)
          logits.set(await compare(first, part), start * classes)
        }
        return logits
      },
    },
    dispose,
  }
}
