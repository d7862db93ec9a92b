import { throwIfAborted } from '@kd/core'
import { engine, loadOnnx, type OnnxSession } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'

/** Logits of texts as word ids, row-major. */
export interface Inference {
  logits(texts: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array>
  dispose(): Promise<void>
}

const largestBatch = 256

/** Logits by one graph in the native engine. */
export async function nativeInference(model: Uint8Array, classes: number): Promise<Inference> {
  const session: OnnxSession = await loadOnnx(model)
  const run = async (texts: readonly Int32Array[]) => {
    const length = longestOf(texts)
    const ids = new Int32Array(length * texts.length)
    texts.forEach((text, row) => {
      for (let place = 0; place < text.length; place++) ids[place * texts.length + row] = text[place]!
    })
    const { logits } = await session.run({
      ids: { data: ids, shape: [length, texts.length] },
      lengths: { data: Int32Array.from(texts, (text) => text.length), shape: [texts.length] },
    })
    return logits!.data as Float32Array
  }
  return { logits: (texts, signal) => inBatches(texts, classes, run, signal), dispose: () => session.dispose() }
}

/** Logits by TensorFlow.js. */
export function layersInference(model: () => LayersModel, classes: number): Inference {
  const run = async (texts: readonly Int32Array[]) => {
    const length = longestOf(texts)
    const ids = new Int32Array(length * texts.length)
    for (const [row, text] of texts.entries()) ids.set(text, row * length)
    const logits = tf.tidy(() => model().apply(tf.tensor2d(ids, [texts.length, length], 'int32')) as tf.Tensor)
    try {
      return (await logits.data()) as Float32Array
    } finally {
      logits.dispose()
    }
  }
  return { logits: (texts, signal) => inBatches(texts, classes, run, signal), dispose: async () => {} }
}

export const runsNatively = async (): Promise<boolean> => (await engine()).graphs

const longestOf = (texts: readonly Int32Array[]): number => texts.reduce((longest, text) => Math.max(longest, text.length), 1)

/** Texts of like length go together; the answers come back in the order of the texts. */
async function inBatches(
  texts: readonly Int32Array[],
  classes: number,
  run: (texts: readonly Int32Array[]) => Promise<Float32Array>,
  signal?: AbortSignal,
): Promise<Float32Array> {
  throwIfAborted(signal)
  if (texts.length === 1) return run(texts)
  const order = Array.from(texts, (_, row) => row).sort((a, b) => texts[a]!.length - texts[b]!.length)
  const logits = new Float32Array(texts.length * classes)
  for (let start = 0; start < order.length; start += largestBatch) {
    throwIfAborted(signal)
    const rows = order.slice(start, start + largestBatch)
    const answer = await run(rows.map((row) => texts[row]!))
    for (const [place, row] of rows.entries()) logits.set(answer.subarray(place * classes, (place + 1) * classes), row * classes)
  }
  return logits
}
