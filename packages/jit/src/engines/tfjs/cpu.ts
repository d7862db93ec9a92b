import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'

/** Keeps TensorFlow.js's cpu backend, which holds tensors even where ONNX Runtime computes, from greeting on the console. */
export function quietCpu(): void {
  // TensorFlow.js makes a new instance whenever it chooses: each sets this mark of its first use.
  const present = tf.findBackend('cpu') as unknown as { firstUse: boolean }
  present.firstUse = false
  const prototype = Object.getPrototypeOf(present)
  Object.defineProperty(prototype, 'firstUse', { configurable: true, get: () => false, set: () => {} })
}
