import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { adamW } from '../optimizers/adam.ts'
import { testEngine } from '../testing/engines.ts'
import type { DataParallel, StepInputs, TrainStepOptions } from './options.ts'
import { trainStepOn } from './train-step.ts'

const [words, dimensions, size, length] = [40, 6, 12, 4]

/** A bag of words, texts by column; each example counts as its `weight` says. `parts` are the sizes that the loss was called with. */
function model(parallel: DataParallel, rate = 0) {
  const random = new Random(3, 'model')
  const values = (count: number) => Float32Array.from({ length: count }, () => random.normal() / 2)
  const variable = tf.variable(tf.tensor2d(values(dimensions * 2), [dimensions, 2]))
  const parts: number[] = []
  const options: TrainStepOptions = {
    variables: [variable],
    tables: [{ name: 'words', data: values(words * dimensions), dimensions, trainable: true }],
    optimizer: adamW({ learningRate: 0.05, weightDecay: 0.1 }),
    seed: 7,
    clipNorm: 0.5,
    parallel: { axes: { ids: 1 }, ...parallel },
    loss({ inputs, rows, positions }, { dropout }) {
      parts.push(inputs.weight!.shape[0]!)
      const text = dropout(tf.mean(tf.gather(rows.words!, positions), 0), rate)
      const off = tf.mean(tf.squaredDifference(tf.matMul(text as tf.Tensor2D, variable as tf.Tensor2D), inputs.target!), 1)
      const weighted = tf.mul(off, inputs.weight!)
      return (parallel.loss === 'sum' ? tf.sum(weighted) : tf.mean(weighted)) as tf.Scalar
    },
  }
  return { options, parts }
}

function batch(index: number): StepInputs {
  const random = new Random(5, 'batch').at(index)
  const floats = (count: number, shape: number[]) => ({ data: Float32Array.from({ length: count }, () => random.uniform()), shape })
  return {
    ids: { data: Int32Array.from({ length: size * length }, () => random.integer(words)), shape: [length, size] },
    inputs: { target: floats(size * 2, [size, 2]), weight: floats(size, [size]) },
  }
}

async function trained(parallel: DataParallel, engine: ReturnType<typeof testEngine>, rate = 0) {
  const { options, parts } = model(parallel, rate)
  const step = trainStepOn(options, engine)
  const losses: number[] = []
  for (let index = 0; index < 6; index++) losses.push((await step.run(batch(index))).loss)
  const state = await step.state()
  await step.dispose()
  return { losses, state, parts }
}

describe.each([
  ['one thread', testEngine('onnxruntime-node', 1), size],
  ['two threads', testEngine('onnxruntime-node', 2), size / 2],
  ['TensorFlow.js', testEngine('tfjs'), size],
] as const)('gradient accumulation on %s', (_, engine, share) => {
  it.each(['sum', 'mean'] as const)("makes the whole batch's updates, to rounding (%s)", async (loss) => {
    const whole = await trained({ loss }, engine)
    const turns = await trained({ loss, accumulate: 3 }, engine)
    expect(new Set(whole.parts)).toEqual(new Set([share]))
    expect(new Set(turns.parts)).toEqual(new Set([share / 3]))
    whole.losses.forEach((value, step) => {
      expect(turns.losses[step]).toBeCloseTo(value, 5)
    })
    for (const [name, values] of Object.entries(whole.state)) {
      const off = values.reduce((most, value, index) => Math.max(most, Math.abs(value - turns.state[name]![index]!)), 0)
      expect(off, name).toBeLessThan(1e-5)
    }
  })

  it('takes the next number of parts that divides the examples, and drops out in each part anew', async () => {
    const { parts, losses } = await trained({ loss: 'mean', accumulate: 5 }, engine, 0.5)
    expect(new Set(parts)).toEqual(new Set([share / 6]))
    expect(losses).not.toEqual((await trained({ loss: 'mean', accumulate: 5 }, engine)).losses)
  })
})

it('refuses a number of parts that is none, and inputs of several numbers of examples', async () => {
  const engine = testEngine('tfjs')
  expect(() => trainStepOn(model({ loss: 'sum', accumulate: 0 }).options, engine)).toThrow(/parallel\.accumulate/)
  const step = trainStepOn(model({ loss: 'sum', accumulate: 2, axes: {} }).options, engine)
  await expect(step.run(batch(0))).rejects.toMatchObject({ kind: 'option', where: { option: 'parallel' } })
})
