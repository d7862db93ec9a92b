import * as tf from '@tensorflow/tfjs-core'

/**
 * The methods that some of TensorFlow.js's gradients and one of its metrics call on tensors. Its union package has them, the core alone does
 * not: there those fail, traced or not.
 */
export function chainOps(): void {
  Object.assign(tf.Tensor.prototype, {
    reshape(this: tf.Tensor, shape: number[]) {
      return tf.reshape(this, shape)
    },
    slice(this: tf.Tensor, begin: number | number[], size?: number | number[]) {
      return tf.slice(this, begin, size)
    },
    div(this: tf.Tensor, other: tf.Tensor) {
      return tf.div(this, other)
    },
    mean(this: tf.Tensor) {
      return tf.mean(this)
    },
    square(this: tf.Tensor) {
      return tf.square(this)
    },
    sub(this: tf.Tensor, other: tf.Tensor) {
      return tf.sub(this, other)
    },
    sum(this: tf.Tensor) {
      return tf.sum(this)
    },
    split(this: tf.Tensor, numbers: number | number[], axis?: number) {
      return tf.split(this, numbers, axis)
    },
  })
}
