import * as tf from '@tensorflow/tfjs-core'

interface Segments {
  inputs: { x: tf.TensorInfo; segmentIds: tf.TensorInfo }
  attrs: { numSegments: number }
  backend: { readSync(id: object): Float32Array | Int32Array }
}

/**
 * TensorFlow.js's WebAssembly as it is shipped, where KD_BENCH_SHIPPED asks for it, with KD_ENGINE=tfjs: under a name of its own, so that
 * `@kd/jit` leaves its kernels as they are. The gradient of a look-up is added, which it lacks.
 */
export async function asShipped(): Promise<void> {
  if (!process.env.KD_BENCH_SHIPPED) return
  await import('@tensorflow/tfjs-backend-wasm')
  tf.copyRegisteredKernels('wasm', 'shipped')
  tf.registerBackend('shipped', tf.findBackendFactory('wasm')!)
  const kernelFunc = ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }: Segments): tf.TensorInfo => {
    const [rows, ids] = [backend.readSync(x.dataId), backend.readSync(segmentIds.dataId)]
    const columns = rows.length / ids.length
    const sums = new Float32Array(numSegments * columns)
    ids.forEach((id, row) => {
      for (let i = 0; i < columns; i++) sums[id * columns + i]! += rows[row * columns + i]!
    })
    return tf.tensor(sums, [numSegments, ...x.shape.slice(1)])
  }
  const kernel = { kernelName: 'UnsortedSegmentSum', backendName: 'shipped', kernelFunc: kernelFunc as unknown as tf.KernelFunc }
  if (!tf.getKernel(kernel.kernelName, kernel.backendName)) tf.registerKernel(kernel)
  await tf.setBackend('shipped')
}
