import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { KdError, Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { adadelta } from '../optimizers/adadelta.ts'
import { adam, adamW } from '../optimizers/adam.ts'
import { engineNames, testEngine, tracesOn } from '../testing/engines.ts'
import type { StepInputs, TrainStep, TrainStepOptions } from './options.ts'
import { trainStepOn } from './train-step.ts'

const [words, dimensions, hidden] = [40, 6, 5]

/** A bag of words with two tables, one of them trained, dropout and clipping. */
function model(changes: Partial<TrainStepOptions> = {}) {
  const random = new Random(3, 'model')
  const values = (length: number) => Float32Array.from({ length }, () => random.normal() / 2)
  const variables = [
    tf.variable(tf.tensor2d(values(2 * dimensions * hidden), [2 * dimensions, hidden])),
    tf.variable(tf.tensor2d(values(hidden * 2), [hidden, 2])),
  ]
  const tables = ['fixed', 'trained'].map((name) => ({ name, data: values(words * dimensions), dimensions, trainable: name === 'trained' }))
  const options: TrainStepOptions = {
    variables,
    tables,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 7,
    clipNorm: 0.5,
    loss({ inputs, rows, positions }, { dropout }) {
      const both = tf.concat([rows.fixed!, rows.trained!], 1)
      const text = dropout(tf.mean(tf.gather(both, positions), 1), 0.3)
      const logits = tf.matMul(dropout(tf.relu(tf.matMul(text, variables[0] as tf.Tensor2D)), 0.2), variables[1] as tf.Tensor2D)
      return tf.mean(tf.squaredDifference(logits, inputs.target!)) as tf.Scalar
    },
    ...changes,
  }
  return { options, variables, tables }
}

function batch(index: number, size = 8, length = 4): StepInputs {
  const random = new Random(5, 'batch').at(index)
  return {
    ids: { data: Int32Array.from({ length: size * length }, () => random.integer(words)), shape: [size, length] },
    inputs: { target: { data: Float32Array.from({ length: size * 2 }, () => random.normal()), shape: [size, 2] } },
  }
}

async function losses(step: TrainStep, from: number, to: number): Promise<number[]> {
  const found: number[] = []
  for (let index = from; index < to; index++) found.push((await step.run(batch(index))).loss)
  return found
}

const equalBits = (a: Record<string, Float32Array>, b: Record<string, Float32Array>) => {
  expect(Object.keys(a)).toEqual(Object.keys(b))
  for (const [name, values] of Object.entries(a)) expect(Buffer.from(values.buffer).equals(Buffer.from(b[name]!.buffer)), name).toBe(true)
}

describe('trainStep', () => {
  it.each([adam({ learningRate: 0.05 }), adamW({ weightDecay: 0.1 }), adadelta()])(
    'makes the same steps on both engines ($name)',
    async (optimizer) => {
      const found = []
      for (const name of engineNames) {
        await testEngine(name)()
        const { options } = model({ optimizer })
        const step = trainStepOn(options, testEngine(name))
        found.push({ losses: await losses(step, 0, 12), state: await step.state() })
        await step.dispose()
      }
      const [native, plain] = found
      native!.losses.forEach((loss, index) => {
        expect(loss).toBeCloseTo(plain!.losses[index]!, 4)
      })
      for (const [name, values] of Object.entries(native!.state)) {
        const off = values.reduce((most, value, index) => Math.max(most, Math.abs(value - plain!.state[name]![index]!)), 0)
        expect(off, name).toBeLessThan(1e-4)
      }
    },
  )

  it('touches the rows of a batch only', async () => {
    await testEngine('onnxruntime-node')()
    const { options, tables } = model()
    const before = tables.map(({ data }) => data.slice())
    const step = trainStepOn(options, testEngine('onnxruntime-node'))
    const one = batch(1)
    await step.run(one)
    await step.sync()
    expect(tables[0]!.data).toEqual(before[0])
    const used = new Set(one.ids!.data)
    for (let row = 0; row < words; row++) {
      const part = [row * dimensions, (row + 1) * dimensions] as const
      const same = tables[1]!.data.subarray(...part).every((value, index) => value === before[1]![part[0] + index])
      expect(same, `row ${row}`).toBe(!used.has(row))
    }
    await step.dispose()
  })

  it('traces once a signature', async () => {
    const { options } = model()
    let calls = 0
    const loss: TrainStepOptions['loss'] = (...given) => {
      calls++
      return options.loss(...given)
    }
    const step = trainStepOn({ ...options, loss }, testEngine('onnxruntime-node'))
    for (const length of [4, 5, 4, 5, 4]) await step.run(batch(length, 8, length))
    expect([calls, step.traces, step.steps]).toEqual([2, 2, 5])
    await step.dispose()
  })

  it('traces once for batches with room for as many distinct ids', async () => {
    const { options } = model()
    const step = trainStepOn(options, testEngine('onnxruntime-node'))
    const { inputs, ids } = batch(0, 8, 4)
    const other = batch(0, 8, 4).ids!.data.fill(3)
    const plain = trainStepOn(model().options, testEngine('onnxruntime-node'))
    const losses = []
    for (const data of [ids!.data, other]) {
      const { loss } = await step.run({ inputs, ids: { data, shape: [8, 4], room: 32 } })
      losses.push([loss, (await plain.run({ inputs, ids: { data, shape: [8, 4] } })).loss])
    }
    expect([step.traces, plain.traces]).toEqual([1, 2])
    for (const [loss, wanted] of losses) expect(loss).toBeCloseTo(wanted!, 5)
    await step.dispose()
    await plain.dispose()
  })

  it('takes a variable that was assigned between steps', async () => {
    const { options, variables } = model({ clipNorm: undefined })
    const step = trainStepOn(options, testEngine('onnxruntime-node'))
    await step.run(batch(0))
    tf.tidy(() => variables[1]!.assign(tf.zerosLike(variables[1]!)))
    const { loss } = await step.run(batch(1))
    const target = batch(1).inputs.target!.data as Float32Array
    expect(loss).toBeCloseTo(target.reduce((sum, value) => sum + value * value, 0) / target.length, 5)
    await step.dispose()
  })
})

describe.each(engineNames)('trainStep on %s', (name) => {
  it('has a learning rate for each parameter', async () => {
    await testEngine(name)()
    const run = async (changes: Partial<TrainStepOptions>, learningRate: number) => {
      const { options, tables } = model({ ...changes, optimizer: adamW({ weightDecay: 0.1 }) })
      const step = trainStepOn(options, testEngine(name))
      const [before] = [await step.state(), await step.run(batch(0), { learningRate })]
      const after = await step.state()
      await step.dispose()
      return { before, after, tables }
    }
    const rates = [0.5, 0, 0.25]
    const half = await run({ rate: (parameter) => rates['dimensions' in parameter ? 2 : parameter.shape[1] === hidden ? 0 : 1]! }, 0.08)
    const [first, table] = [await run({}, 0.04), await run({}, 0.02)]
    const off = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))
    expect(off(half.after['variable 0']!, first.after['variable 0']!)).toBeLessThan(1e-6)
    expect(off(half.after['variable 0']!, half.before['variable 0']!)).toBeGreaterThan(0.03)
    expect(half.after['variable 1']).toEqual(half.before['variable 1'])
    expect(off(half.after['table trained']!, table.after['table trained']!)).toBeLessThan(1e-6)
  })

  it('gives the same bits for the same seed, others for another', async () => {
    await testEngine(name)()
    const run = async (seed: number) => {
      const step = trainStepOn({ ...model().options, seed }, testEngine(name))
      await losses(step, 0, 5)
      const state = await step.state()
      await step.dispose()
      return state
    }
    equalBits(await run(7), await run(7))
    expect((await run(8))['variable 0']).not.toEqual((await run(7))['variable 0'])
  })

  it('goes on from a state with the same bits', async () => {
    await testEngine(name)()
    const whole = trainStepOn(model().options, testEngine(name))
    await losses(whole, 0, 4)
    const middle = await whole.state()
    const rest = await losses(whole, 4, 8)
    const resumed = trainStepOn(model().options, testEngine(name))
    await resumed.restore(middle)
    expect(resumed.steps).toBe(4)
    expect(await losses(resumed, 4, 8)).toEqual(rest)
    equalBits(await whole.state(), await resumed.state())
    await whole.dispose()
    await resumed.dispose()
  })

  it('keeps its state when a state, a batch or an option is refused', async () => {
    await testEngine(name)()
    const step = trainStepOn(model().options, testEngine(name))
    await losses(step, 0, 2)
    const state = await step.state()
    const { 'variable 1': _, ...less } = state
    await expect(step.restore(less)).rejects.toMatchObject({ kind: 'mismatch' })
    await expect(step.restore({ ...state, more: new Float32Array(1) })).rejects.toThrow('has more')
    await expect(step.run({ ...batch(2), ids: undefined })).rejects.toThrow('no ids')
    await expect(step.run({ ...batch(2), ids: { data: Int32Array.of(words), shape: [1] } })).rejects.toThrow(`id ${words}`)
    await expect(step.run(batch(2), { learningRate: -1 })).rejects.toThrow('option learningRate')
    equalBits(await step.state(), state)
    expect((await losses(step, 2, 3))[0]).toBeGreaterThan(0)
    await step.dispose()
    await expect(step.run(batch(0))).rejects.toThrow('disposed')
  })

  it('leaves no tensor behind', async () => {
    await testEngine(name)()
    const step = trainStepOn(model().options, testEngine(name))
    await losses(step, 0, 2)
    const { numTensors } = tf.memory()
    await losses(step, 2, 100)
    expect(tf.memory().numTensors).toBe(numTensors)
    await step.dispose()
  })
})

describe('trainStep and variables that it does not train', () => {
  const make = (loss: (w: tf.Variable, other: tf.Variable) => tf.Tensor) => {
    const [w, other] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(2))]
    const options: TrainStepOptions = { variables: [w], optimizer: adam(), seed: 1, loss: () => loss(w, other) as tf.Scalar }
    return { other, step: trainStepOn(options, testEngine('onnxruntime-node')) }
  }

  it('reads them as they are at each step', async () => {
    const { other, step } = make((w, other) => tf.mul(tf.square(w), other))
    expect((await step.run({ inputs: {} })).loss).toBeCloseTo(2, 6)
    other.assign(tf.scalar(30))
    expect((await step.run({ inputs: {} })).loss).toBeGreaterThan(29)
    expect(step.traces).toBe(tracesOn('onnxruntime-node', 1))
    await step.dispose()
  })

  it('refuses a loss that assigns one, that is no number, or that depends on nothing trained', async () => {
    const refused = (loss: (w: tf.Variable, other: tf.Variable) => tf.Tensor) => expect(make(loss).step.run({ inputs: {} })).rejects
    await refused((w, other) => {
      other.assign(tf.add(other, 1))
      return tf.mul(w, other)
    }).toThrow('assigns the variable')
    await refused((w) => tf.mul(w, [1, 2])).toThrow('shape [2], not []')
    await refused((_, other) => tf.square(other)).toThrow('none of the parameters')
  })
})

it('trainStep needs no more memory after many steps than after some', async () => {
  // What V8 has not collected yet is no leak.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const engine = testEngine('onnxruntime-node')
  await engine()
  const step = trainStepOn(model().options, engine)
  const megabytes = async (from: number, to: number) => {
    await losses(step, from, to)
    collect()
    return process.memoryUsage().rss / 2 ** 20
  }
  const after = await megabytes(0, 500)
  expect((await megabytes(500, 1500)) - after).toBeLessThan(16)
  await step.dispose()
})

describe('trainStep without its worker', () => {
  it('says that the weights are lost, and goes on from a state', async () => {
    const engine = testEngine('onnxruntime-node')
    const step = trainStepOn(model().options, engine)
    await losses(step, 0, 2)
    const state = await step.state()
    const pending = Array.from({ length: 50 }, () => step.run(batch(2)))
    const ends = Promise.allSettled(pending)
    await pending[0]
    await (await (await engine()).runtime()).stop()
    await ends
    await expect(pending.at(-1)).rejects.toMatchObject({ kind: 'engine' })
    const error = await step.run(batch(2)).catch((error: unknown) => error)
    expect(KdError.isInstance(error, 'engine')).toBe(true)
    expect(String(error)).toContain('restore(state)')
    await step.restore(state)
    const fresh = trainStepOn(model().options, engine)
    await losses(fresh, 0, 2)
    expect(await losses(step, 2, 4)).toEqual(await losses(fresh, 2, 4))
  })
})

it.each([
  ['clipNorm', { clipNorm: 0 }],
  ['seed', { seed: -1 }],
  ['variables', { variables: [], tables: [] }],
  ['tables', { tables: [{ name: 'a', data: new Float32Array(7), dimensions: 2, trainable: true }] }],
] as const)('trainStep refuses %s out of range', (option, change) => {
  expect(() => trainStepOn({ ...model().options, ...change }, testEngine('tfjs'))).toThrow(`option ${option}`)
})
