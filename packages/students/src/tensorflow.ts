import { engine } from '@kd/jit'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'

/** Makes TensorFlow.js able to hold tensors, on the backend that the engine or the user has chosen. */
export async function readyTensorflow(): Promise<void> {
  await engine()
  await tf.ready()
  // The cpu backend greets on the console at its first tensor, unless in production.
  const before = tf.env().getBool('PROD')
  tf.env().set('PROD', true)
  tf.scalar(0).dispose()
  tf.env().set('PROD', before)
}
