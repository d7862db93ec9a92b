import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'

/** BERT's layers in TensorFlow.js as one would write them for training; GELU and layer normalisation with gradients by hand. */
export interface BertShape {
  readonly batch: number
  readonly length: number
  readonly heads: number
}

/** Weights of one layer by name, kernels `[inputs, outputs]`. */
export type LayerWeights = Readonly<Record<(typeof layerNames)[number], tf.Tensor>>

export const layerNames = [
  'query.kernel',
  'query.bias',
  'key.kernel',
  'key.bias',
  'value.kernel',
  'value.bias',
  'attention.kernel',
  'attention.bias',
  'attentionNorm.gain',
  'attentionNorm.bias',
  'inner.kernel',
  'inner.bias',
  'output.kernel',
  'output.bias',
  'outputNorm.gain',
  'outputNorm.bias',
] as const

export function layerSizes(hidden: number, inner: number): Readonly<Record<(typeof layerNames)[number], readonly number[]>> {
  return {
    'query.kernel': [hidden, hidden],
    'query.bias': [hidden],
    'key.kernel': [hidden, hidden],
    'key.bias': [hidden],
    'value.kernel': [hidden, hidden],
    'value.bias': [hidden],
    'attention.kernel': [hidden, hidden],
    'attention.bias': [hidden],
    'attentionNorm.gain': [hidden],
    'attentionNorm.bias': [hidden],
    'inner.kernel': [hidden, inner],
    'inner.bias': [inner],
    'output.kernel': [inner, hidden],
    'output.bias': [hidden],
    'outputNorm.gain': [hidden],
    'outputNorm.bias': [hidden],
  }
}

/** Normal numbers of BERT's spread for kernels, ones for gains, zeros for biases. */
export function firstWeights(name: string, shape: readonly number[]): Float32Array {
  const random = new Random(1, `weights ${name}`)
  const length = shape.reduce((product, side) => product * side, 1)
  if (name.endsWith('gain')) return new Float32Array(length).fill(1)
  if (name.endsWith('bias')) return new Float32Array(length)
  return Float32Array.from({ length }, () => 0.02 * random.normal())
}

const linear = (x: tf.Tensor2D, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor2D => tf.add(tf.matMul(x, kernel as tf.Tensor2D), bias)

/**
 * One layer: `[batch * length, hidden]` to the same, or, where only the first token of each text is wanted, to `[batch, hidden]`.
 * @param mask added to the scores: `[batch, 1, 1, length]`
 */
export function bertLayer(
  x: tf.Tensor2D,
  weights: LayerWeights,
  { batch, length, heads }: BertShape,
  { mask, firstOnly = false }: { mask?: tf.Tensor; firstOnly?: boolean } = {},
): tf.Tensor2D {
  const hidden = x.shape[1]
  const size = hidden / heads
  const wanted = firstOnly ? 1 : length
  const firsts = (y: tf.Tensor2D) =>
    tf.reshape(tf.slice(tf.reshape(y, [batch, length, -1]), [0, 0, 0], [batch, 1, y.shape[1]]), [batch, -1])
  const before = firstOnly ? (firsts(x) as tf.Tensor2D) : x
  const projected = (y: tf.Tensor2D, name: 'query' | 'key' | 'value') => linear(y, weights[`${name}.kernel`], weights[`${name}.bias`])
  const byHead = (y: tf.Tensor, rows: number, order: number[]) => tf.transpose(tf.reshape(y, [batch, rows, heads, size]), order)
  const query = byHead(tf.mul(projected(before, 'query'), 1 / Math.sqrt(size)), wanted, [0, 2, 1, 3])
  const scores = tf.matMul(query, byHead(projected(x, 'key'), length, [0, 2, 3, 1]))
  const shares = tf.softmax(mask ? tf.add(scores, mask) : scores)
  const mixed = tf.matMul(shares, byHead(projected(x, 'value'), length, [0, 2, 1, 3]))
  const context = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * wanted, hidden]) as tf.Tensor2D
  const attended = tf.add(linear(context, weights['attention.kernel'], weights['attention.bias']), before) as tf.Tensor2D
  const middle = layerNorm(attended, weights['attentionNorm.gain'], weights['attentionNorm.bias'])
  const inner = gelu(linear(middle, weights['inner.kernel'], weights['inner.bias']))
  const output = tf.add(linear(inner, weights['output.kernel'], weights['output.bias']), middle) as tf.Tensor2D
  return layerNorm(output, weights['outputNorm.gain'], weights['outputNorm.bias'])
}

/** x times the share of a normal distribution below x. */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor2D, (tensors: tf.Tensor[]) => void]
    const scaled = tf.mul(x, Math.SQRT1_2)
    const below = tf.mul(tf.add(tf.erf(scaled), 1), 0.5)
    save([scaled, below])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [scaled, below] = saved as [tf.Tensor, tf.Tensor]
      // x times the density at x, all factors inside the exponential.
      const density = tf.exp(tf.sub(-0.5 * Math.log(Math.PI), tf.mul(scaled, scaled)))
      return [tf.mul(dy, tf.add(below, tf.mul(scaled, density)))]
    }
    return { value: tf.mul(x, below), gradFunc }
  })
  return run(x) as tf.Tensor2D
}

export function layerNorm(x: tf.Tensor2D, gain: tf.Tensor, bias: tf.Tensor, epsilon = 1e-12): tf.Tensor2D {
  const run = tf.customGrad((...inputs) => {
    const [x, gain, bias, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor, tf.Tensor, (tensors: tf.Tensor[]) => void]
    const centred = tf.sub(x, tf.mean(x, 1, true))
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon))
    const normal = tf.mul(centred, scale)
    save([normal, scale, gain])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [normal, scale, gain] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
      const slope = tf.mul(dy, gain)
      const along = tf.mul(normal, tf.mean(tf.mul(slope, normal), 1, true))
      const dx = tf.mul(tf.sub(tf.sub(slope, tf.mean(slope, 1, true)), along), scale)
      return [dx, tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)]
    }
    return { value: tf.add(tf.mul(normal, gain), bias), gradFunc }
  })
  return run(x, gain, bias) as tf.Tensor2D
}
