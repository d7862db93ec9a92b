import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { jitStepOn } from './jit-step.ts'
import { adam } from './optimizers/adam.ts'
import { testEngine } from './testing/engines.ts'
import { trainStepOn } from './train-step/train-step.ts'

const engine = testEngine('onnxruntime-node')
/** In MB: what the allocators keep for themselves. One lost vector of 1,024 a round would be 32. */
const smallest = 24

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function rss(): number {
  collectGarbage()
  return process.memoryUsage.rss() / 2 ** 20
}

/** How much resident memory grows in the last 8,000 of 10,000 rounds, in MB. */
async function growth(round: () => Promise<void>): Promise<number> {
  const seen: number[] = []
  for (let i = 1; i <= 10_000; i++) {
    await round()
    if (i % 500 === 0) seen.push(rss())
  }
  // Other threads allocate meanwhile: the least of the last against the least of the first.
  return Math.min(...seen.slice(-5)) - Math.min(...seen.slice(4, 9))
}

describe('resident memory is flat over 10,000', () => {
  it('steps of a model with Adam and dropout, its weights read now and then', async () => {
    const { dense, dropout } = layers.layers
    const list = [dense({ units: 64, inputShape: [64], activation: 'relu' }), dropout({ rate: 0.2 }), dense({ units: 1 })]
    const model = layers.sequential({ layers: list })
    const step = jitStepOn(model, adam(), (y: tf.Tensor, z: tf.Tensor) => tf.losses.meanSquaredError(y, z), {}, engine)
    const [x, y] = [tf.randomNormal([32, 64]), tf.randomNormal([32, 1])]
    let count = 0
    await step(x, y)
    const { numTensors } = tf.memory()
    const grown = await growth(async () => {
      await step(x, y)
      if (++count % 50 === 0) tf.dispose(model.predict(x))
    })
    expect(tf.memory().numTensors).toBe(numTensors)
    expect(grown).toBeLessThan(smallest)
    await step.dispose()
  })

  it('calls with a large argument and result', async () => {
    const f = jitOn((x: tf.Tensor) => tf.mul(x, 2), engine)
    const x = tf.ones([64, 1024])
    expect(await growth(async () => (await f(x)).dispose())).toBeLessThan(smallest)
    await f.dispose()
  })
})

it('is flat over 400 functions made and disposed of', async () => {
  const w = tf.variable(tf.ones([128, 128]))
  const round = async () => {
    const f = jitOn((x: tf.Tensor2D) => {
      w.assign(tf.mul(w, 0.99))
      return tf.matMul(x, w as tf.Tensor2D)
    }, engine)
    ;(await f(tf.ones([4, 128]))).dispose()
    await f.dispose()
  }
  const x = tf.memory().numTensors
  for (let i = 0; i < 100; i++) await round()
  const before = rss()
  for (let i = 0; i < 300; i++) await round()
  expect(rss() - before).toBeLessThan(smallest)
  expect(tf.memory().numTensors - x).toBe(400)
})

it('a step with a graph for each of many lengths does not keep the memory of all', async () => {
  const w = tf.variable(tf.ones([256, 256]))
  const two = testEngine('onnxruntime-node', 2)
  const loss = ({ inputs: { x } }: { inputs: Record<string, tf.Tensor> }) => {
    let z = x as tf.Tensor2D
    for (let i = 0; i < 8; i++) z = tf.tanh(tf.matMul(z, w as tf.Tensor2D)) as tf.Tensor2D
    return tf.mean(z) as tf.Scalar
  }
  const step = trainStepOn({ variables: [w], optimizer: adam(), seed: 1, loss, parallel: { loss: 'mean' } }, two)
  const data = new Float32Array(8_400 * 256)
  const before = rss()
  for (let rows = 8_000; rows < 8_400; rows += 16) {
    await step.run({ inputs: { x: { data: data.subarray(0, rows * 256), shape: [rows, 256] } } })
  }
  expect(step.traces).toBe(25)
  // 1,310 MB where 2,680 MB were needed with an arena for each graph.
  expect(rss() - before).toBeLessThan(1900)
  await step.dispose()
})
