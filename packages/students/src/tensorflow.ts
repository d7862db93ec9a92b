import { engine } from '@kd/jit'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'

/** Makes TensorFlow.js able to hold tensors, on the backend that the engine or the user has chosen. */
export async function readyTensorflow(): Promise<void> {
  await engine()
  await tf.ready()
}
