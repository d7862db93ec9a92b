import { throwIfAborted } from '@kd/core'
import { engine, type OnnxTensor } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { type Channel, channelVariable, type Head } from './layers.ts'
import type { Sizes } from './weights.ts'

/** An example as word ids: of one text, or of both. Equal texts of a call are the same array. */
export type TextIds = readonly Int32Array[]

/** Answers by the weights that it was made of. */
export interface Inference {
  /** Logits, row-major `[examples.length, classes]`. */
  logits(examples: readonly TextIds[], signal?: AbortSignal): Promise<Float32Array>
  /** Of students of pairs. */
  readonly pairs?: PairInference
  dispose(): Promise<void>
}

/** The two halves of a student of pairs. */
export interface PairInference {
  /** Final states, row-major `[texts.length, 2 * hidden]`. */
  states(texts: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array>
  /** Logits of one text's states with each of `known`, `[known.length / (2 * hidden), classes]`. */
  compare(first: Float32Array, known: Float32Array, signal?: AbortSignal): Promise<Float32Array>
}

/** What inference is made of. */
export interface InferenceParts {
  readonly sizes: Sizes
  readonly vocabularySize: number
  /** Word vectors of each channel, `[vocabularySize, dimensions]`. */
  readonly tables: readonly { readonly name: Channel['name']; readonly data: Float32Array; readonly dimensions: number }[]
  /** The dense weights by their names in files. */
  readonly weights: Readonly<Record<string, Float32Array>>
}

/** What the layers answer with where there is no native engine. */
export interface LayersParts {
  readonly head: Head
  readonly channels: readonly Channel['name'][]
  /** The student's model by its present weights. */
  readonly model: () => LayersModel
  readonly sizes: Sizes
}

const largestBatch = 256

export const runsNatively = async (): Promise<boolean> => (await engine()).graphs

/** Word ids of texts for an encoder's graph: `[length, texts]`, padded behind. */
export function graphInputs(texts: readonly Int32Array[]): { ids: OnnxTensor; lengths: OnnxTensor } {
  const length = longestOf(texts)
  const ids = new Int32Array(length * texts.length)
  texts.forEach((text, row) => {
    for (let place = 0; place < text.length; place++) ids[place * texts.length + row] = text[place]!
  })
  return {
    ids: { data: ids, shape: [length, texts.length] },
    lengths: { data: Int32Array.from(texts, (text) => text.length), shape: [texts.length] },
  }
}

/** Final states `[texts, 2 * hidden]` by TensorFlow.js. */
export function layersStates({ head, channels, model }: LayersParts, texts: readonly Int32Array[]): tf.Tensor2D {
  const length = longestOf(texts)
  const flat = new Int32Array(length * texts.length)
  for (const [row, text] of texts.entries()) flat.set(text, row * length)
  const student = model()
  return tf.tidy(() => {
    const ids = tf.tensor2d(flat, [texts.length, length], 'int32')
    const vectors = channels.map((name) => tf.gather(channelVariable(student, name), ids))
    return head.bilstm.apply([tf.concat(vectors, 2), ids]) as tf.Tensor2D
  })
}

/** Logits by TensorFlow.js, of what the dense layer reads. */
export const layersLogits = ({ head }: LayersParts, features: tf.Tensor2D): tf.Tensor2D =>
  head.logits.apply(head.dense.apply(features)) as tf.Tensor2D

/** The values of a tensor that is made for them. */
export async function valuesOf(make: () => tf.Tensor): Promise<Float32Array> {
  const tensor = tf.tidy(make)
  try {
    return (await tensor.data()) as Float32Array
  } finally {
    tensor.dispose()
  }
}

const longestOf = (texts: readonly Int32Array[]): number => texts.reduce((longest, text) => Math.max(longest, text.length), 1)

/** Rows of like length go together; the answers, `width` numbers each, come back in the order of the rows. */
export async function inBatches<T>(
  rows: readonly T[],
  {
    width,
    texts,
    run,
    signal,
  }: { width: number; texts(row: T): TextIds; run(rows: readonly T[]): Promise<Float32Array>; signal?: AbortSignal },
): Promise<Float32Array> {
  throwIfAborted(signal)
  if (rows.length === 1) return run(rows)
  const lengths = rows.map((row) => longestOf(texts(row)))
  const order = Array.from(rows, (_, row) => row).sort((a, b) => lengths[a]! - lengths[b]!)
  const answers = new Float32Array(rows.length * width)
  for (let start = 0; start < order.length; start += largestBatch) {
    throwIfAborted(signal)
    const batch = order.slice(start, start + largestBatch)
    const answer = await run(batch.map((row) => rows[row]!))
    for (const [place, row] of batch.entries()) answers.set(answer.subarray(place * width, (place + 1) * width), row * width)
  }
  return answers
}
