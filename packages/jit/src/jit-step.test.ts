import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitStepOn } from './jit-step.ts'
import { adadelta } from './optimizers/adadelta.ts'
import { adam } from './optimizers/adam.ts'
import { engineNames, testEngine, tracesOn } from './testing/engines.ts'

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const mse = (target: tf.Tensor, output: tf.Tensor) => tf.losses.meanSquaredError(target, output)
const [x, y] = [tf.randomNormal([8, 5], 0, 1, 'float32', 1), tf.randomNormal([8, 2], 0, 1, 'float32', 2)]

/** Dense, batch normalisation (which assigns its moving averages), a regulariser; equal weights each time. */
function model({ dropout = 0, normalise = true } = {}): layers.LayersModel {
  const { dense, batchNormalization } = layers.layers
  const initial = (seed: number) => ({ kernelInitializer: layers.initializers.glorotNormal({ seed }) })
  const list = [
    dense({ units: 6, activation: 'tanh', inputShape: [5], kernelRegularizer: layers.regularizers.l2({ l2: 0.01 }), ...initial(3) }),
    ...(normalise ? [batchNormalization({ momentum: 0.9 })] : []),
    ...(dropout ? [layers.layers.dropout({ rate: dropout })] : []),
    dense({ units: 2, ...initial(4) }),
  ]
  return layers.sequential({ layers: list })
}

const weightsOf = (model: layers.LayersModel) => model.getWeights().flatMap(values)

function expectClose(found: number[], wanted: number[], digits = 4): void {
  expect(found).toHaveLength(wanted.length)
  found.forEach((value, index) => {
    expect(value, String(index)).toBeCloseTo(wanted[index]!, digits)
  })
}

beforeAll(async () => {
  for (const name of engineNames) await testEngine(name)()
})

const theirs: [string, () => tf.Optimizer][] = [
  ['sgd', () => tf.train.sgd(0.1)],
  ['momentum', () => tf.train.momentum(0.05, 0.9)],
  ['adagrad', () => tf.train.adagrad(0.1)],
  ['adadelta', () => tf.train.adadelta(1)],
  ['rmsprop', () => tf.train.rmsprop(0.01, 0.9, 0.5)],
  ['adam', () => tf.train.adam(0.02)],
  ['adamax', () => tf.train.adamax(0.02)],
]

describe.each(engineNames)('jit.step on %s', (name) => {
  const engine = testEngine(name)

  it.each(theirs)('makes the steps of tf.train.%s', async (_, make) => {
    const [traced, plain, optimizer, other] = [model(), model(), make(), make()]
    const step = jitStepOn(traced, optimizer, mse, {}, engine)
    for (let i = 0; i < 4; i++) {
      const expected = tf.tidy(() =>
        other
          .minimize(
            () => tf.addN([mse(y, plain.apply(x, { training: true }) as tf.Tensor), ...plain.calculateLosses()]) as tf.Scalar,
            true,
            plain.trainableWeights.map((weight) => weight.read() as tf.Variable),
          )!
          .dataSync(),
      )
      expect((await step(x, y)) / expected[0]!).toBeCloseTo(1, 5)
    }
    expectClose(weightsOf(traced), weightsOf(plain), 3)
    expect([step.steps, optimizer.iterations]).toEqual([4, 4])
    await step.dispose()
  })

  it('reads the learning rate of an optimizer of TensorFlow.js before each step', async () => {
    const optimizer = tf.train.sgd(0.1) as tf.SGDOptimizer & { learningRate: number }
    const traced = model()
    const step = jitStepOn(traced, optimizer, mse, {}, engine)
    await step(x, y)
    optimizer.learningRate = 0
    const before = weightsOf(traced).slice(0, 36)
    await step(x, y)
    expect(weightsOf(traced).slice(0, 36)).toEqual(before)
    optimizer.setLearningRate(0.1)
    await step(x, y)
    expect(weightsOf(traced).slice(0, 36)).not.toEqual(before)
    expect(step.traces).toBe(tracesOn(name, 2))
    await expect(step(x, y, { learningRate: 1 })).rejects.toThrow('option learningRate')
    await step.dispose()
  })

  it('goes on from a state with the same numbers, dropout, averages and all', async () => {
    for (const make of [() => adam({ learningRate: 0.05 }), () => tf.train.adam(0.05)]) {
      const whole = jitStepOn(model({ dropout: 0.5 }), make(), mse, { seed: 4 }, engine)
      await whole(x, y)
      await whole(x, y)
      const state = await whole.state()
      const rest = [await whole(x, y), await whole(x, y), await whole(x, y)]
      expect(new Set(rest).size).toBe(3)
      const resumed = jitStepOn(model({ dropout: 0.5 }), make(), mse, { seed: 4 }, engine)
      await resumed.restore(state)
      expect(resumed.steps).toBe(2)
      expectClose([await resumed(x, y), await resumed(x, y), await resumed(x, y)], rest, 5)
      await whole.restore(state)
      expectClose([await whole(x, y), await whole(x, y)], rest.slice(0, 2), 5)
      const { steps, ...without } = await whole.state()
      expect(steps).toEqual(Float32Array.of(4))
      await expect(whole.restore(without)).rejects.toMatchObject({ kind: 'mismatch' })
      const [first] = Object.keys(state)
      await expect(whole.restore({ ...state, [first!]: new Float32Array(3) })).rejects.toThrow('3 numbers in the state')
      await whole.dispose()
      await resumed.dispose()
    }
  })
})

describe('jit.step', () => {
  const engine = testEngine('onnxruntime-node')

  it('takes learning rates as inputs with our optimizers: schedules and wishes trace nothing', async () => {
    const losses: number[][] = []
    for (const name of engineNames) {
      const rates: number[] = []
      const learningRate = (step: number) => rates[rates.push(0.1 / step) - 1]!
      const step = jitStepOn(model(), adam(), mse, { learningRate, clipNorm: 1 }, testEngine(name))
      const found: number[] = []
      for (let i = 0; i < 5; i++) found.push(await step(x, y))
      found.push(await step(x, y, { learningRate: 0 }), await step(x, y))
      expect(found[6]).toBeCloseTo(found[5]!, 3)
      expect(rates).toEqual([1, 2, 3, 4, 5, 7].map((step) => 0.1 / step))
      expect(step.traces).toBe(tracesOn(name, 1))
      losses.push(found)
      await step.dispose()
    }
    expectClose(losses[0]!, losses[1]!)
  })

  it('takes several inputs and outputs, and another model where layers are frozen meanwhile', async () => {
    const { dense, concatenate } = layers.layers
    const [a, b] = [layers.input({ shape: [5] }), layers.input({ shape: [2] })]
    const first = dense({ units: 3 })
    const joined = concatenate().apply([first.apply(a) as layers.SymbolicTensor, b]) as layers.SymbolicTensor
    const outputs = [dense({ units: 2 }).apply(joined), dense({ units: 1 }).apply(joined)] as layers.SymbolicTensor[]
    const net = layers.model({ inputs: [a, b], outputs })
    const loss = ([target]: tf.Tensor[], [p, q]: tf.Tensor[]) => tf.add(mse(target!, p!), tf.mean(tf.square(q!)))
    const step = jitStepOn<tf.Tensor[], tf.Tensor[], tf.Tensor[]>(net, adadelta(), loss, {}, engine)
    const before = await step([x, y], [y])
    for (let i = 0; i < 20; i++) await step([x, y], [y])
    expect(await step([x, y], [y])).toBeLessThan(before)
    first.trainable = false
    const frozen = first.getWeights().flatMap(values)
    await step([x, y], [y])
    expect(first.getWeights().flatMap(values)).toEqual(frozen)
    expect(step.traces).toBe(tracesOn('onnxruntime-node', 2))
    await step.dispose()
  })

  it('leaves the weights with the model: predict and save find them, memory stays flat', async () => {
    const net = model({ dropout: 0.3 })
    const step = jitStepOn(net, adam({ learningRate: 0.01 }), mse, {}, engine)
    await step(x, y)
    const { numTensors } = tf.memory()
    const losses: number[] = []
    for (let i = 0; i < 100; i++) losses.push(await step(x, y))
    expect(tf.memory().numTensors).toBe(numTensors)
    expect(losses.slice(-10).reduce((a, b) => a + b)).toBeLessThan(losses.slice(0, 10).reduce((a, b) => a + b))
    const predicted = net.predict(x) as tf.Tensor
    await step.dispose()
    expect(values(net.predict(x) as tf.Tensor)).toEqual(values(predicted))
    await expect(step(x, y)).rejects.toThrow('disposed')
  })

  it('starts and stops at a signal, between steps', async () => {
    const controller = new AbortController()
    const net = model()
    const step = jitStepOn(net, adam(), mse, { signal: controller.signal }, engine)
    await step(x, y)
    const pending = [step(x, y), step(x, y)]
    controller.abort(new Error('enough'))
    const ends = await Promise.allSettled(pending)
    expect(String((ends[1] as PromiseRejectedResult).reason)).toContain('enough')
    const made = 1 + ends.filter(({ status }) => status === 'fulfilled').length
    expect(step.steps).toBe(made)
    await step.dispose()
  })

  it.each([
    ['clipNorm', { clipNorm: 0 }],
    ['learningRate', { learningRate: 0.1 }],
    ['clipNorm', { clipNorm: 1 }],
    ['seed', { seed: 0.5 }],
  ] as const)('refuses %s out of range, or with an optimizer of TensorFlow.js', (option, options) => {
    expect(() => jitStepOn(model(), tf.train.sgd(0.1), mse, options, engine)).toThrow(`option ${option}`)
  })
})
