import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { adadelta } from '../optimizers/adadelta.ts'
import { adam, adamW } from '../optimizers/adam.ts'
import type { Optimizer } from '../optimizers/optimizer.ts'
import { testEngine } from '../testing/engines.ts'
import type { StepInputs, TrainStep, TrainStepOptions } from './options.ts'
import { trainStepOn } from './train-step.ts'

const [one, two, three] = [1, 2, 3].map((threads) => testEngine('onnxruntime-node', threads)) as [Engine, Engine, Engine]
type Engine = ReturnType<typeof testEngine>
beforeAll(async () => void (await Promise.all([one(), two(), three()])))

// Rows of a multiple of four are updated where they lie.
const [words, dimensions, hidden] = [40, 8, 5]

/** Steps of the same length in each row, whatever the gradient: not a function of each element alone. */
const normed: Optimizer = {
  name: 'normed',
  learningRate: 0.05,
  slots: ['last'],
  update({ parameter, gradient, slots, learningRate }) {
    const direction = tf.add(tf.div(gradient, tf.add(tf.norm(gradient, 'euclidean', -1, true), 0.1)), tf.mul(slots[0]!, 0.5))
    return { parameter: tf.sub(parameter, tf.mul(direction, learningRate)), slots: [direction] }
  },
}

/** A bag of words with two tables, one of them trained, and a variable that the loss does not read; texts by column. */
function model(changes: Partial<TrainStepOptions> = {}, rate = 0) {
  const random = new Random(3, 'model')
  const values = (length: number) => Float32Array.from({ length }, () => random.normal() / 2)
  const variables = [
    tf.variable(tf.tensor2d(values(2 * dimensions * hidden), [2 * dimensions, hidden])),
    tf.variable(tf.tensor2d(values(hidden * 2), [hidden, 2])),
    tf.variable(tf.tensor1d(values(3))),
  ]
  const tables = ['fixed', 'trained'].map((name) => ({ name, data: values(words * dimensions), dimensions, trainable: name === 'trained' }))
  const options: TrainStepOptions = {
    variables,
    tables,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 7,
    clipNorm: 0.5,
    parallel: { loss: 'mean', axes: { ids: 1 } },
    loss({ inputs, rows, positions }, { dropout }) {
      const both = tf.concat([rows.fixed!, rows.trained!], 1)
      const text = dropout(tf.mean(tf.gather(both, positions), 0), rate)
      const logits = tf.matMul(tf.relu(tf.matMul(text, variables[0] as tf.Tensor2D)), variables[1] as tf.Tensor2D)
      return tf.mean(tf.squaredDifference(logits, inputs.target!)) as tf.Scalar
    },
    ...changes,
  }
  return { options, variables, tables }
}

function batch(index: number, size = 12, length = 4): StepInputs {
  const random = new Random(5, 'batch').at(index)
  return {
    ids: { data: Int32Array.from({ length: size * length }, () => random.integer(words)), shape: [length, size] },
    inputs: { target: { data: Float32Array.from({ length: size * 2 }, () => random.normal()), shape: [size, 2] } },
  }
}

async function losses(step: TrainStep, from: number, to: number): Promise<number[]> {
  const found: number[] = []
  for (let index = from; index < to; index++) found.push((await step.run(batch(index))).loss)
  return found
}

const bits = (state: Record<string, Float32Array>) =>
  Object.entries(state).map(([name, { buffer }]) => [name, Buffer.from(buffer).toString('hex')])

describe('a training step in parts', () => {
  it('has a learning rate for each parameter', async () => {
    const rate: TrainStepOptions['rate'] = (parameter) => ('dimensions' in parameter ? 0.25 : parameter.shape[1] === hidden ? 0.5 : 0)
    const states = []
    for (const engine of [one, two]) {
      const step = trainStepOn(model({ rate }).options, engine)
      await losses(step, 0, 3)
      states.push(await step.state())
      await step.dispose()
    }
    close(states[0]!, states[1]!)
  })

  const close = (a: Record<string, Float32Array>, b: Record<string, Float32Array>) => {
    expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort())
    for (const [name, values] of Object.entries(a)) {
      const off = values.reduce((most, value, index) => Math.max(most, Math.abs(value - b[name]![index]!)), 0)
      expect(off, name).toBeLessThan(2e-5)
    }
  }

  it('makes the same steps where no memory of WebAssembly has room for the weights', async () => {
    const run = async () => {
      const step = trainStepOn(model({ clipNorm: undefined }).options, two)
      await losses(step, 0, 3)
      const state = bits(await step.state())
      await step.dispose()
      return state
    }
    const inPlace = await run()
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: () => object } }
    const none = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function noRoom() {
      throw new RangeError('could not allocate memory')
    })
    try {
      expect(await run()).toEqual(inPlace)
      expect(none).toHaveBeenCalled()
    } finally {
      none.mockRestore()
    }
  })

  it.each([
    ['adam, clipped', {}],
    ['adamW', { optimizer: adamW({ weightDecay: 0.1 }), clipNorm: undefined }],
    ['examples in any order', { clipNorm: undefined, parallel: { loss: 'mean', axes: { ids: 1 }, anyOrder: true } } as const],
    ['adadelta', { optimizer: adadelta() }],
    ['a rule that no loop over elements is', { optimizer: normed }],
    ['the same, not clipped', { optimizer: normed, clipNorm: undefined }],
  ])('makes the steps that it makes whole (%s)', async (_, changes) => {
    const [whole, halves, thirds] = await Promise.all(
      [one, two, three].map(async (engine) => {
        const { options, tables } = model(changes)
        const step = trainStepOn(options, engine)
        const found = await losses(step, 0, 12)
        const state = await step.state()
        await step.sync()
        expect(tables[1]!.data).toEqual(state['table trained'])
        expect(options.variables[0]!.dataSync()).toEqual(state['variable 0'])
        await step.dispose()
        return { found, state }
      }),
    )
    for (const parts of [halves!, thirds!]) {
      parts.found.forEach((loss, index) => {
        expect(loss).toBeCloseTo(whole!.found[index]!, 4)
      })
      close(parts.state, whole!.state)
    }
  })

  it('has fewer parameters than workers, and ones without a gradient', async () => {
    const [weights, idle] = [tf.variable(tf.ones([2, 2])), tf.variable(tf.ones([5]))]
    const plain: Optimizer = {
      name: 'plain',
      learningRate: 0.1,
      slots: [],
      update: ({ parameter, gradient }) => ({ parameter: tf.sub(parameter, tf.mul(gradient, 0.1)), slots: [] }),
    }
    const loss: TrainStepOptions['loss'] = ({ inputs }) =>
      tf.mean(tf.square(tf.matMul(inputs.x as tf.Tensor2D, weights as tf.Tensor2D))) as tf.Scalar
    const x = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }
    for (const variables of [[weights], [weights, idle]]) {
      const states = []
      for (const engine of [one, three]) {
        const step = trainStepOn({ variables, optimizer: plain, seed: 1, parallel: { loss: 'mean' }, loss }, engine)
        for (let index = 0; index < 3; index++) await step.run({ inputs: { x } })
        states.push(await step.state())
        await step.dispose()
      }
      close(states[0]!, states[1]!)
    }
  })

  it('adds losses up where they are sums', async () => {
    const weighted = (engine: Engine) => {
      const { options } = model()
      const { loss } = options
      const sum: TrainStepOptions['loss'] = (batch, context) => tf.mul(loss(batch, context), batch.inputs.target!.shape[0]!) as tf.Scalar
      return losses(trainStepOn({ ...options, loss: sum, parallel: { loss: 'sum', axes: { ids: 1 } } }, engine), 0, 4)
    }
    const [whole, halves] = [await weighted(one), await weighted(two)]
    halves.forEach((loss, index) => {
      expect(loss).toBeCloseTo(whole[index]!, 3)
    })
  })

  it('gives the same bits for the same seed, and goes on from a state with the same bits', async () => {
    const make = () => trainStepOn(model({}, 0.3).options, two)
    const [whole, again, resumed] = [make(), make(), make()]
    await losses(whole, 0, 4)
    const middle = await whole.state()
    const rest = await losses(whole, 4, 8)
    await losses(again, 0, 8)
    expect(bits(await again.state())).toEqual(bits(await whole.state()))
    await resumed.restore(middle)
    expect(await losses(resumed, 4, 8)).toEqual(rest)
    expect(bits(await resumed.state())).toEqual(bits(await whole.state()))
    for (const step of [whole, again, resumed]) await step.dispose()
  })

  it('takes batches of several sizes, also those that can not be divided', async () => {
    const step = trainStepOn(model().options, two)
    const whole = trainStepOn(model().options, one)
    for (const size of [4, 5, 12, 1, 5]) {
      const { loss } = await step.run(batch(size, size))
      expect(loss).toBeCloseTo((await whole.run(batch(size, size))).loss, 4)
    }
    expect(step.traces).toBe(4)
    close(await step.state(), await whole.state())
    await step.dispose()
    await whole.dispose()
  })

  it('takes any number of distinct ids with one graph, and where the loss depends on it one for a few numbers each', async () => {
    const { loss } = model().options
    const twice: TrainStepOptions['loss'] = (batch, context) => {
      const found = loss(batch, context)
      // Another graph for larger numbers.
      return batch.rows.trained!.shape[0]! > 1010 ? tf.neg(tf.neg(found)) : found
    }
    const halves: TrainStepOptions['loss'] = (batch, { dropout }) => {
      const { fixed } = batch.rows
      // Of twice as many rows: kept as good as always, and multiplied by 0.
      const none = tf.mul(tf.sum(dropout(tf.reshape(fixed!, [-1, dimensions / 2]), 1e-9)), 0)
      return tf.add(loss(batch, { dropout }), none) as tf.Scalar
    }
    for (const [changes, traces] of [
      [{}, 1],
      [{ loss: twice }, 3],
      [{ loss: halves }, 3],
    ] as const) {
      const [step, whole] = [two, one].map((engine) => trainStepOn(model(changes, 0).options, engine)) as [TrainStep, TrainStep]
      for (const different of [40, 3, 17, 1, 30]) {
        const { inputs, ids } = batch(different, 12, 8)
        const fewer = { inputs, ids: { ...ids!, data: ids!.data.map((id) => id % different) } }
        expect((await step.run(fewer)).loss).toBeCloseTo((await whole.run(fewer)).loss, 4)
      }
      expect(step.traces).toBe(traces)
      close(await step.state(), await whole.state())
      await Promise.all([step.dispose(), whole.dispose()])
    }
  })

  it('drops rows out anew in each step, the same ones again from the same seed', async () => {
    const dropped: TrainStepOptions['loss'] = ({ rows, positions, inputs }, { dropout }) => {
      const text = tf.mean(tf.gather(dropout(rows.trained!, 0.5), positions), 0)
      return tf.mean(tf.squaredDifference(tf.sum(text, 1), tf.sum(inputs.target!, 1))) as tf.Scalar
    }
    const make = () => trainStepOn(model({ loss: dropped, optimizer: adam({ learningRate: 0 }) }).options, two)
    const [step, again] = [make(), make()]
    const found = [await step.run(batch(0)), await step.run(batch(0)), await step.run(batch(0, 12, 6))]
    expect(found[0]!.loss).not.toBe(found[1]!.loss)
    expect(await losses(again, 0, 1)).toEqual([found[0]!.loss])
    await Promise.all([step.dispose(), again.dispose()])
  })

  it('shares its workers with other steps', async () => {
    const table = { name: 'trained', data: new Float32Array(words * 2).fill(1), dimensions: 2, trainable: true }
    const variables = [tf.variable(tf.ones([2, 2]))]
    const loss: TrainStepOptions['loss'] = ({ inputs, rows, positions }) => {
      const text = tf.mean(tf.gather(rows.trained!, positions), 0)
      return tf.mean(tf.squaredDifference(tf.matMul(text, variables[0] as tf.Tensor2D), inputs.target!)) as tf.Scalar
    }
    const [step, other] = [trainStepOn(model().options, two), trainStepOn(model({ variables, tables: [table], loss }).options, two)]
    const alone = trainStepOn(model().options, two)
    const [found, others] = await Promise.all([losses(step, 0, 6), losses(other, 0, 6)])
    expect(found).toEqual(await losses(alone, 0, 6))
    expect(others.at(-1)).toBeLessThan(others[0]!)
    for (const one of [step, other, alone]) await one.dispose()
  })

  it('takes a variable that was assigned between steps, and keeps its state when a batch is refused', async () => {
    const { options, variables } = model({ clipNorm: undefined })
    const step = trainStepOn(options, two)
    await step.run(batch(0))
    tf.tidy(() => (variables[1] as tf.Variable<tf.Rank.R2>).assign(tf.zeros([hidden, 2])))
    const state = await step.state()
    expect(state['variable 1']!.every((value) => value === 0)).toBe(true)
    const wrong = { ...batch(1), inputs: { target: { data: new Float32Array(8), shape: [4, 2] } } }
    await expect(step.run(wrong)).rejects.toThrow('a batch has 4 and 12 examples')
    expect(bits(await step.state())).toEqual(bits(state))
    // Also while another is running, and before one that goes well.
    const other = trainStepOn(options, two)
    await other.restore(state)
    const outcomes = await Promise.allSettled([step.run(batch(2)), step.run(wrong), step.run(batch(3))])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    for (const index of [2, 3]) await other.run(batch(index))
    expect(bits(await step.state())).toEqual(bits(await other.state()))
    await step.restore(state)
    await other.dispose()
    const target = batch(1).inputs.target!.data as Float32Array
    expect((await step.run(batch(1))).loss).toBeCloseTo(target.reduce((sum, value) => sum + value * value, 0) / target.length, 5)
    await step.dispose()
  })

  it('has made the update for whatever comes next, whether the step was waited for or not', async () => {
    const [step, patient] = [0, 0].map(() => trainStepOn(model({ clipNorm: undefined }).options, two)) as [TrainStep, TrainStep]
    const running = [0, 1, 2].map((index) => step.run(batch(index)))
    const state = step.state()
    for (let index = 0; index < 3; index++) {
      await patient.run(batch(index))
      await patient.sync()
    }
    expect(bits(await state)).toEqual(bits(await patient.state()))
    await Promise.all(running)
    await step.run(batch(3))
    await step.restore(await state)
    expect(bits(await step.state())).toEqual(bits(await state))
    await step.run(batch(3))
    await Promise.all([step.dispose(), patient.dispose()])
  })

  it.each([
    ['clipped', {}],
    ['in a row', { clipNorm: undefined }],
  ])('changes nothing where one part fails, and goes on (%s)', async (_, changes) => {
    const { options } = model(changes)
    const failing: TrainStepOptions = {
      ...options,
      parallel: { loss: 'mean', axes: { ids: 1 } },
      // A look-up that is right in one part and not in the other.
      loss: (batch, context) =>
        tf.add(options.loss(batch, context), tf.mean(tf.gather(tf.zeros([4]), batch.inputs.places as tf.Tensor1D))) as tf.Scalar,
    }
    const withPlaces = (index: number, places: (example: number) => number) => {
      const given = batch(index)
      return {
        ...given,
        inputs: { ...given.inputs, places: { data: Int32Array.from({ length: 12 }, (_, at) => places(at)), shape: [12] } },
      }
    }
    const step = trainStepOn(failing, two)
    const never = trainStepOn(failing, two)
    const right = () => 0
    for (const one of [step, never]) for (const index of [0, 1]) await one.run(withPlaces(index, right))
    for (const part of [0, 1]) {
      const failing = step.run(withPlaces(2, (at) => (at < 6 === (part === 0) ? 9 : 0)))
      await expect(failing).rejects.toThrow(/failed to run the traced graph: .*indices/)
    }
    const weights = async (one: TrainStep) => bits(await one.state()).filter(([name]) => name !== 'step')
    expect(await weights(step)).toEqual(await weights(never))
    // The next one has begun already when this one fails.
    const [failed, ...next] = await Promise.allSettled([
      step.run(withPlaces(2, () => -1)),
      step.run(withPlaces(3, right)),
      step.run(withPlaces(4, right)),
    ])
    expect(failed.status).toBe('rejected')
    expect(next).toEqual(await Promise.allSettled([3, 4].map((index) => never.run(withPlaces(index, right)))))
    expect(step.steps).toBe(4)
    expect(await weights(step)).toEqual(await weights(never))
    await Promise.all([step.dispose(), never.dispose()])
  })

  it('does not wait for a worker that is ended while others wait for it', async () => {
    const step = trainStepOn(model({ clipNorm: undefined }).options, two)
    await losses(step, 0, 2)
    const state = await step.state()
    const [, second] = await (await (await two()).runtime()).team!(2)
    const running = [step.run(batch(2)), second!.stop()]
    // It may have come to its end before, and the next step says so then.
    const [first] = await Promise.allSettled(running)
    if (first!.status === 'fulfilled') await expect(step.run(batch(3))).rejects.toThrow('gone')
    await step.restore(state)
    expect(await losses(step, 2, 3)).toHaveLength(1)
    await step.dispose()
  })

  it.each(['read', 'not read'])('says that the weights are lost when a worker dies, and goes on from a state (%s since)', async (since) => {
    const step = trainStepOn(model().options, two)
    await losses(step, 0, 2)
    const state = await step.state()
    if (since === 'not read') await step.run(batch(7))
    await (await (await two()).runtime()).stop()
    await expect(step.run(batch(2))).rejects.toThrow('restore(state)')
    await step.restore(state)
    const fresh = trainStepOn(model().options, two)
    await losses(fresh, 0, 2)
    expect(await losses(step, 2, 4)).toEqual(await losses(fresh, 2, 4))
    await step.dispose()
    await fresh.dispose()
  })
})
