import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'

/** Makes TensorFlow.js ready to do the work itself; returns the backend's name. A backend the user has set is kept. */
export async function prepareTfjs(): Promise<string> {
  await tf.ready()
  return tf.getBackend()
}
