import * as tf from '@tensorflow/tfjs-core'

// Gradients that TensorFlow.js would derive with up to twice as many passes over the rows. They compute again what the
// forward pass has computed: a traced graph has it once.

type Save = (tensors: tf.Tensor[]) => void

/** x times the share of a normal distribution below x. */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const scale = (x: tf.Tensor) => tf.mul(x, Math.SQRT1_2)
  const below = (scaled: tf.Tensor) => tf.mul(tf.add(tf.erf(scaled), 1), 0.5)
  const run = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor2D, Save]
    save([x])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const scaled = scale(saved[0]!)
      // x times the density at x, all factors inside the exponential.
      const density = tf.exp(tf.sub(-0.5 * Math.log(Math.PI), tf.mul(scaled, scaled)))
      return [tf.mul(dy, tf.add(below(scaled), tf.mul(scaled, density)))]
    }
    return { value: tf.mul(x, below(scale(x))), gradFunc }
  })
  return run(x) as tf.Tensor2D
}

/** Rows with mean 0 and variance 1, times `gain`, plus `bias`. */
export function layerNorm(x: tf.Tensor2D, gain: tf.Tensor1D, bias: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  const normalized = (x: tf.Tensor) => {
    const centred = tf.sub(x, tf.mean(x, 1, true))
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon))
    return { normal: tf.mul(centred, scale), scale }
  }
  const run = tf.customGrad((...inputs) => {
    const [x, gain, bias, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, Save]
    save([x, gain])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, gain] = saved as [tf.Tensor, tf.Tensor]
      const { normal, scale } = normalized(x)
      const slope = tf.mul(dy, gain)
      const along = tf.mul(normal, tf.mean(tf.mul(slope, normal), 1, true))
      const dx = tf.mul(tf.sub(tf.sub(slope, tf.mean(slope, 1, true)), along), scale)
      return [dx, tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)]
    }
    return { value: tf.add(tf.mul(normalized(x).normal, gain), bias), gradFunc }
  })
  return run(x, gain, bias) as tf.Tensor2D
}
