import * as tf from '@tensorflow/tfjs-core'
import type { Activation, BertConfig } from '../checkpoint/config.ts'
import { families } from '../checkpoint/families.ts'
import { type Matrix, matrixValues, transposed } from '../checkpoint/matrix.ts'
import type { BertWeights, LayerWeights, Linear, Norm } from '../checkpoint/weights.ts'
import { gelu, layerNorm } from './hand-gradients.ts'
import { distanceBuckets } from './places.ts'

/** `y = x kernel + bias`: the kernel is `[inputs, outputs]`, so that no product needs a transpose. */
export interface LinearTensors {
  readonly [name: string]: tf.Tensor
  readonly kernel: tf.Tensor2D
  readonly bias: tf.Tensor1D
}

export interface NormTensors {
  readonly [name: string]: tf.Tensor
  readonly gain: tf.Tensor1D
  readonly bias: tf.Tensor1D
}

export interface LayerTensors {
  readonly [name: string]: LinearTensors | NormTensors
  readonly query: LinearTensors
  readonly key: LinearTensors
  readonly value: LinearTensors
  readonly attentionOutput: LinearTensors
  readonly attentionNorm: NormTensors
  readonly intermediate: LinearTensors
  readonly output: LinearTensors
  readonly outputNorm: NormTensors
}

/** A model's weights as tensors, in single precision. The caller disposes them (`tf.dispose`). */
export interface BertTensors {
  readonly [name: string]: tf.Tensor | LinearTensors | NormTensors | LayerTensors[] | undefined
  readonly wordEmbeddings: tf.Tensor2D
  readonly positionEmbeddings: tf.Tensor2D
  readonly typeEmbeddings?: tf.Tensor2D
  readonly embeddingNorm: NormTensors
  readonly embeddingProjection?: LinearTensors
  readonly relativeBias?: tf.Tensor2D
  /** Layers that share their weights are one object. */
  readonly layers: LayerTensors[]
  readonly pooler: LinearTensors
  readonly classifier: LinearTensors
}

/** Weights as tensors; int8 ones are widened. */
export function bertTensors(weights: BertWeights): BertTensors {
  const table = (matrix: Matrix) => tf.tensor2d(matrixValues(matrix), [matrix.rows, matrix.columns])
  const linear = ({ weight, bias }: Linear): LinearTensors => ({
    kernel: tf.tensor2d(transposed(matrixValues(weight), weight.rows, weight.columns), [weight.columns, weight.rows]),
    bias: tf.tensor1d(bias),
  })
  const norm = ({ gain, bias }: Norm): NormTensors => ({ gain: tf.tensor1d(gain), bias: tf.tensor1d(bias) })
  const layer = (of: LayerWeights): LayerTensors => ({
    query: linear(of.query),
    key: linear(of.key),
    value: linear(of.value),
    attentionOutput: linear(of.attentionOutput),
    attentionNorm: norm(of.attentionNorm),
    intermediate: linear(of.intermediate),
    output: linear(of.output),
    outputNorm: norm(of.outputNorm),
  })
  const { typeEmbeddings, embeddingProjection, relativeBias } = weights
  const layers = new Map([...new Set(weights.layers)].map((of) => [of, layer(of)]))
  return {
    wordEmbeddings: table(weights.wordEmbeddings),
    positionEmbeddings: table(weights.positionEmbeddings),
    ...(typeEmbeddings && { typeEmbeddings: table(typeEmbeddings) }),
    embeddingNorm: norm(weights.embeddingNorm),
    ...(embeddingProjection && { embeddingProjection: linear(embeddingProjection) }),
    ...(relativeBias && { relativeBias: table(relativeBias) }),
    layers: weights.layers.map((of) => layers.get(of)!),
    pooler: linear(weights.pooler),
    classifier: linear(weights.classifier),
  }
}

/** Where a model in training drops elements. `first` and `pooled` are the inputs of the head's two layers. */
export const dropoutPlaces = ['embeddings', 'attention', 'attentionOutput', 'output', 'first', 'pooled'] as const
export type DropoutPlace = (typeof dropoutPlaces)[number]

export interface BertLogitsOptions {
  /** float32 `[batch, length]`, 1 for tokens and 0 for padding. Default: there is no padding. */
  mask?: tf.Tensor2D
  /** Rows of the table of positions, int32 `[batch, length]` (`placesOf`); needed where `firstPosition` is above 0. */
  places?: tf.Tensor2D
  /** What is dropped in training. Default: nothing. */
  dropout?: (x: tf.Tensor, place: DropoutPlace) => tf.Tensor
}

/**
 * The forward pass in TensorFlow.js, differentiable in all weights (the operations have gradients).
 * @param ids int32 `[batch, length]`
 * @param types int32 `[batch, length]`; not read where the family knows no segments
 * @returns logits `[batch, labels]`
 */
export function bertLogits(
  tensors: BertTensors,
  config: BertConfig,
  ids: tf.Tensor2D,
  types: tf.Tensor2D,
  { mask, places, dropout = (x) => x }: BertLogitsOptions = {},
): tf.Tensor2D {
  const [batch, length] = ids.shape
  const { hidden, heads, embedding, normEpsilon } = config
  const rows = batch * length
  const place = places
    ? tf.gather(tensors.positionEmbeddings, tf.reshape(places, [rows]))
    : tf.tile(tf.slice(tensors.positionEmbeddings, [0, 0], [length, embedding]), [batch, 1])
  let sum = tf.add(tf.gather(tensors.wordEmbeddings, tf.reshape(ids, [rows])), place)
  if (tensors.typeEmbeddings) sum = tf.add(sum, tf.gather(tensors.typeEmbeddings, tf.reshape(types, [rows])))
  const drop = (x: tf.Tensor2D, place: DropoutPlace) => dropout(x, place) as tf.Tensor2D
  let x = drop(norm(sum as tf.Tensor2D, tensors.embeddingNorm, normEpsilon), 'embeddings')
  if (tensors.embeddingProjection) x = linear(x, tensors.embeddingProjection)
  const distances = tensors.relativeBias && scoreBias(tensors.relativeBias, length, config)
  const masked = mask && tf.mul(tf.sub(tf.reshape(mask, [batch, 1, 1, length]), 1), 1e9)
  const firsts = (y: tf.Tensor2D) =>
    tf.reshape(tf.slice(tf.reshape(y, [batch, length, hidden]), [0, 0, 0], [batch, 1, hidden]), [batch, hidden]) as tf.Tensor2D
  tensors.layers.forEach((layer, index) => {
    // Nothing reads the last layer's other tokens.
    const asking = index < tensors.layers.length - 1 ? length : 1
    const before = asking === length ? x : firsts(x)
    const split = (y: tf.Tensor2D, tokens: number, order: number[]) =>
      tf.transpose(tf.reshape(y, [batch, tokens, heads, hidden / heads]), order)
    const query = split(linear(before, layer.query), asking, [0, 2, 1, 3])
    const key = split(linear(x, layer.key), length, [0, 2, 3, 1])
    const value = split(linear(x, layer.value), length, [0, 2, 1, 3])
    const products = tf.mul(tf.matMul(query, key), 1 / Math.sqrt(hidden / heads))
    const scores = distances ? tf.add(products, tf.slice(distances, [0, 0, 0, 0], [1, heads, asking, length])) : products
    const shares = dropout(tf.softmax(masked ? tf.add(scores, masked) : scores), 'attention')
    const mixed = tf.matMul(shares, value)
    const context = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * asking, hidden]) as tf.Tensor2D
    const middle = norm(tf.add(drop(linear(context, layer.attentionOutput), 'attentionOutput'), before), layer.attentionNorm, normEpsilon)
    const inner = activate(linear(middle, layer.intermediate), config.activation)
    x = norm(tf.add(drop(linear(inner, layer.output), 'output'), middle), layer.outputNorm, normEpsilon)
  })
  const { activation } = families[config.family].head
  const dense = linear(drop(x, 'first'), tensors.pooler)
  const pooled = activation === 'tanh' ? tf.tanh(dense) : activate(dense, activation)
  return linear(drop(pooled, 'pooled'), tensors.classifier)
}

/** What distances between tokens add to the attention's scores: `[1, heads, length, length]`. */
function scoreBias(table: tf.Tensor2D, length: number, { buckets, heads }: BertConfig): tf.Tensor {
  const of = distanceBuckets(length, buckets)
  const pairs = Int32Array.from({ length: length * length }, (_, i) => of[(i % length) - Math.floor(i / length) + length - 1]!)
  const rows = tf.gather(table, tf.tensor1d(pairs, 'int32'))
  return tf.reshape(tf.transpose(rows), [1, heads, length, length])
}

function linear(x: tf.Tensor2D, { kernel, bias }: LinearTensors): tf.Tensor2D {
  return tf.add(tf.matMul(x, kernel), bias)
}

const norm = (x: tf.Tensor2D, { gain, bias }: NormTensors, epsilon: number): tf.Tensor2D => layerNorm(x, gain, bias, epsilon)

function activate(x: tf.Tensor2D, activation: Activation): tf.Tensor2D {
  if (activation === 'relu') return tf.relu(x)
  if (activation === 'gelu') return gelu(x)
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI))
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1))
}
