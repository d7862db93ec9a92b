import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { engineNames, testEngine } from '../testing/engines.ts'
import { trainStepOn } from '../train-step/train-step.ts'
import { adadelta } from './adadelta.ts'
import { adam, adamW } from './adam.ts'
import type { Optimizer } from './optimizer.ts'

interface Golden {
  inputs: number[][]
  targets: number[][]
  losses: number[]
  weights: number[][][]
}
const golden = JSON.parse(readFileSync(new URL('../../fixtures/optimisers.json', import.meta.url), 'utf8')) as Record<string, Golden>

const rows: [string, Optimizer][] = [
  ['adadelta', adadelta()],
  ['adam', adam({ learningRate: 1e-2 })],
  ['adamw', adamW({ learningRate: 1e-2, weightDecay: 0.1 })],
]

describe.each(engineNames)('optimizers on %s', (name) => {
  it.each(rows)('%s makes the steps that PyTorch makes', async (key, optimizer) => {
    const { inputs, targets, losses, weights } = golden[key]!
    await testEngine(name)()
    const w = tf.variable(tf.tensor2d(weights[0]!))
    const options = {
      variables: [w],
      optimizer,
      loss: () => tf.mean(tf.squaredDifference(tf.matMul(tf.tensor2d(inputs), w), tf.tensor2d(targets))) as tf.Scalar,
      seed: 1,
    }
    const step = trainStepOn(options, testEngine(name))
    for (const [index, expected] of losses.entries()) {
      const { loss } = await step.run({ inputs: {} })
      await step.sync()
      expect(loss).toBeCloseTo(expected, 5)
      const off = tf.tidy(() => tf.max(tf.abs(tf.sub(w, tf.tensor2d(weights[index + 1]!)))).dataSync()[0]!)
      expect(off, `weights after step ${index + 1}`).toBeLessThan(2e-6)
    }
    await step.dispose()
    w.dispose()
  })
})

it('refuses options out of range by name', () => {
  expect(() => adam({ beta1: 1 })).toThrow('option beta1')
  expect(() => adadelta({ rho: -0.1 })).toThrow('option rho')
  expect(() => adamW({ weightDecay: Number.NaN })).toThrow('option weightDecay')
})
