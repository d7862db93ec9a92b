import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { dropoutNow, dropoutUse, dropoutWords } from './dropout.ts'
import { adam } from './optimizers/adam.ts'
import { engineNames, testEngine } from './testing/engines.ts'
import { trainStepOn } from './train-step/train-step.ts'

beforeAll(async () => {
  for (const name of engineNames) await testEngine(name)()
})

const mask = (rate: number, step: number, shape: number[], index = 0) =>
  Array.from(dropoutNow(tf.ones(shape), rate, dropoutWords(1, step, index, dropoutUse(shape))).dataSync())

it.each([0.1, 0.3, 0.5, 0.9])('drops at the rate %s and keeps the mean', (rate) => {
  const all = [1, 2, 3, 4].flatMap((step) => mask(rate, step, [50, 40]))
  const dropped = all.filter((value) => value === 0).length / all.length
  // Four standard deviations of 8,000 draws: a false alarm in 16,000.
  expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / all.length))
  expect(new Set(all)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]))
})

it('drops rows, columns and rectangles independently', () => {
  // Of each rectangle of four elements, the 16 patterns of kept and dropped are equally likely at rate 0.5.
  const counts = new Array<number>(16).fill(0)
  for (let step = 1; step <= 400; step++) {
    const drawn = mask(0.5, step, [8, 8])
    for (let row = 0; row < 8; row += 2) {
      for (let column = 0; column < 8; column += 2) {
        const at = row * 8 + column
        const bits = [at, at + 1, at + 8, at + 9].map((place) => Number(drawn[place]! > 0))
        counts[bits.reduce((number, bit) => number * 2 + bit)]!++
      }
    }
  }
  const expected = (400 * 16) / 16
  const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  // 15 degrees of freedom: exceeded by chance once in 10,000.
  expect(chiSquared).toBeLessThan(44.3)
})

it('is fresh each step and each use, and the same for the same', () => {
  expect(mask(0.5, 1, [9, 9])).toEqual(mask(0.5, 1, [9, 9]))
  expect(mask(0.5, 2, [9, 9])).not.toEqual(mask(0.5, 1, [9, 9]))
  expect(mask(0.5, 1, [9, 9], 1)).not.toEqual(mask(0.5, 1, [9, 9], 0))
})

it.each([[[7]], [[6, 5]], [[2, 3, 4]]])('has the same mask on every engine, of shape %j', async (shape) => {
  const found: Float32Array[] = []
  for (const name of engineNames) {
    const w = tf.variable(tf.ones(shape))
    // The gradient of the sum is the mask: one step of size one at the first Adam step tells where it is zero.
    const step = trainStepOn(
      {
        variables: [w],
        optimizer: adam({ learningRate: 1 }),
        seed: 5,
        loss: (_, { dropout }) => tf.sum(dropout(dropout(w, 0.4), 0.2)) as tf.Scalar,
      },
      testEngine(name),
    )
    await step.run({ inputs: {} })
    await step.sync()
    found.push(w.dataSync().slice() as Float32Array)
    await step.dispose()
  }
  const [native, plain] = found.map((weights) => Array.from(weights, (value) => value > 0.5))
  expect(native).toEqual(plain)
  expect(new Set(native)).toEqual(new Set([true, false]))
})
