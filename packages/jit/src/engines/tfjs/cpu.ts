import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'

/** Keeps TensorFlow.js's cpu backend, which holds tensors even where ONNX Runtime computes, from greeting on the console. */
export function quietCpu(): void {
  const cpu = tf.findBackend('cpu') as tf.KernelBackend & { firstUse?: boolean }
  cpu.firstUse = false
}
