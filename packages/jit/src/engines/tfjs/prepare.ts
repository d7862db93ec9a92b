import * as tf from '@tensorflow/tfjs-core'
import { quietCpu } from './cpu.ts'
import { repairSegmentSum, repairWasm } from './repair.ts'

/**
 * Makes TensorFlow.js ready to do the work itself; returns the backend's name: WebAssembly with its kernels repaired,
 * else plain JavaScript. A backend of the user's (any but `cpu`, which TensorFlow.js takes by itself) is kept.
 */
export async function prepareTfjs(): Promise<string> {
  quietCpu()
  repairSegmentSum('cpu')
  const chosen = tf.getBackend()
  if (chosen && chosen !== 'cpu' && chosen !== 'wasm') return chosen
  if (await startWasm()) {
    repairWasm()
    return 'wasm'
  }
  await tf.setBackend('cpu')
  return 'cpu'
}

/** False where this computer can't run TensorFlow.js's WebAssembly. */
async function startWasm(): Promise<boolean> {
  try {
    await import('@tensorflow/tfjs-backend-wasm')
    return await tf.setBackend('wasm')
  } catch {
    return false
  }
}
