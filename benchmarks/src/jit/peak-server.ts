// The processor's speed in a large matrix product, and what a call of a jitted function costs.
import { OnnxGraph } from '@kd/core/onnx'
import { jit, loadOnnx } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import { serve } from '../servers.ts'

const side = 1024
const values = Float32Array.from({ length: side * side }, (_, at) => (at % 17) / 17)

function product(): Uint8Array {
  const graph = new OnnxGraph()
  const a = graph.input('a', 'float32', [side, side])
  const b = graph.input('b', 'float32', [side, side])
  // The largest element alone, so that the answer costs nothing.
  const top = graph.node('ReduceMax', [graph.node('MatMul', [a, b])], { attributes: { keepdims: 0 } })
  graph.output(top, 'top', 'float32', [])
  return graph.toBytes()
}

async function peak(threads: number): Promise<number> {
  const session = await loadOnnx(product(), { threads })
  const tensor = { data: values, shape: [side, side] }
  await session.keep({ a: tensor, b: tensor })
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 12; run++) {
    const begun = performance.now()
    await session.run({})
    best = Math.min(best, performance.now() - begun)
  }
  await session.dispose()
  return (2 * side ** 3) / best / 1e6
}

const plusOne = jit((x: tf.Tensor) => tf.add(x, 1))
const one = tf.tensor1d([1])

await serve({
  async peak() {
    return { one: await peak(1), two: await peak(2) }
  },
  async call() {
    ;(await plusOne(one)).dispose()
    const begun = performance.now()
    for (let count = 0; count < 500; count++) (await plusOne(one)).dispose()
    return { value: (performance.now() - begun) / 500 }
  },
})
