import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { jitOn } from '../jit.ts'
import { jitStepOn } from '../jit-step.ts'
import { adam } from '../optimizers/adam.ts'
import { testEngine } from '../testing/engines.ts'
import { smallText } from '../testing/models.ts'
import { trainStepOn } from '../train-step/train-step.ts'

/** A smoke set: `npm run test:slow` runs the whole suite on this engine. */
const web = testEngine('onnxruntime-web')
const plain = testEngine('tfjs')
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())

beforeAll(async () => {
  expect((await web()).info).toMatchObject({ name: 'onnxruntime-web', graphs: true, native: false })
  await plain()
})
afterAll(async () => {
  await (await (await web()).runtime()).stop()
})

it('runs a graph, gradients, variables, random numbers as TensorFlow.js does', async () => {
  const found: number[][] = []
  for (const engine of [web, plain]) {
    const w = tf.variable(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]))
    const f = jitOn((x: tf.Tensor2D) => {
      const slope = tf.grad((z: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(tf.dropout(x, 0.5), z as tf.Tensor2D))))(w)
      w.assign(tf.sub(w, tf.mul(slope, 0.1)))
      return tf.matMul(x, w as tf.Tensor2D, false, false)
    }, engine)
    const x = tf.tensor2d([0.1, 0.2, -0.3, 0.4], [2, 2])
    found.push([...values(await f(x)), ...values(await f(x)), ...values(w)])
    await f.dispose()
  }
  found[0]!.forEach((value, at) => {
    expect(value).toBeCloseTo(found[1]![at]!, 5)
  })
})

it('makes training steps', async () => {
  const found: number[][] = []
  for (const engine of [web, plain]) {
    const w = tf.variable(tf.ones([3, 1]))
    const table = { name: 'words', data: new Float32Array(30).fill(0.5), dimensions: 3, trainable: true }
    const step = trainStepOn(
      {
        variables: [w],
        tables: [table],
        optimizer: adam({ learningRate: 0.1 }),
        seed: 1,
        loss: ({ rows, positions }, { dropout }) =>
          tf.mean(tf.square(tf.matMul(dropout(tf.mean(tf.gather(rows.words!, positions), 1), 0.3) as tf.Tensor2D, w as tf.Tensor2D))),
      },
      engine,
    )
    const losses: number[] = []
    for (let i = 0; i < 4; i++) losses.push((await step.run({ inputs: {}, ids: { data: Int32Array.of(1, 2, 2, 7), shape: [2, 2] } })).loss)
    await step.sync()
    found.push([...losses, ...table.data, ...values(w)])
    await step.dispose()
  }
  found[0]!.forEach((value, at) => {
    expect(value).toBeCloseTo(found[1]![at]!, 4)
  })
})

it('trains a layers model', async () => {
  const { model, x, y, loss } = smallText()
  const step = jitStepOn(model, adam({ learningRate: 0.02 }), loss, {}, web)
  const losses: number[] = []
  for (let i = 0; i < 15; i++) losses.push(await step(x, y))
  expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.8)
  await step.dispose()
})
