import * as tf from '@tensorflow/tfjs-core'

/**
 * The methods that some of TensorFlow.js's gradients call on tensors. Its union package has them, the core alone does
 * not: there those gradients fail, traced or not.
 */
export function chainOps(): void {
  Object.assign(tf.Tensor.prototype, {
    reshape(this: tf.Tensor, shape: number[]) {
      return tf.reshape(this, shape)
    },
    slice(this: tf.Tensor, begin: number | number[], size?: number | number[]) {
      return tf.slice(this, begin, size)
    },
    split(this: tf.Tensor, numbers: number | number[], axis?: number) {
      return tf.split(this, numbers, axis)
    },
  })
}
