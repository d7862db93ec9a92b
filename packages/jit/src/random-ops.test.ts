import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { adam } from './optimizers/adam.ts'
import { engineNames, testEngine, tracesOn } from './testing/engines.ts'
import { trainStepOn } from './train-step/train-step.ts'

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const shape = [6, 5]
const training = { training: true }

beforeAll(async () => {
  for (const name of engineNames) await testEngine(name)()
})

const dropoutLayer = layers.layers.dropout({ rate: 0.4 })
const noiseLayer = layers.layers.gaussianNoise({ stddev: 2 })
const lstm = layers.layers.lstm({ units: 3, dropout: 0.5, recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' })

const uses: [string, () => tf.Tensor][] = [
  ['randomUniform', () => tf.randomUniform(shape, -3, 5)],
  ['randomUniform of integers', () => tf.randomUniform(shape, 0, 1000, 'int32')],
  ['randomUniformInt', () => tf.randomUniformInt(shape, 0, 1000)],
  ['randomNormal', () => tf.randomNormal(shape, 10, 2)],
  ['randomStandardNormal', () => tf.randomStandardNormal(shape)],
  ['truncatedNormal', () => tf.truncatedNormal(shape, 1, 3)],
  ['randomGamma', () => tf.randomGamma(shape, 2, 0.5)],
  ['a scalar', () => tf.randomUniform([], 0, 1)],
  ['two uses', () => tf.concat([tf.randomUniform(shape), tf.randomUniform(shape)])],
  ['dropout', () => tf.dropout(tf.ones(shape), 0.3)],
  ['dropout of one axis', () => tf.dropout(tf.ones([2, 8, 3]), 0.3, [2, 8, 1])],
  ['an initializer', () => layers.initializers.glorotNormal({}).apply(shape)],
  ['the Dropout layer', () => dropoutLayer.apply(tf.ones(shape), training) as tf.Tensor],
  ['the GaussianNoise layer', () => noiseLayer.apply(tf.ones(shape), training) as tf.Tensor],
  ['an LSTM with dropout', () => lstm.apply(tf.ones([2, 4, 6]), training) as tf.Tensor],
]

describe('a random function in a jitted one', () => {
  it.each(uses)('%s is fresh each call, the same after a resume, the same on every engine', async (_, fn) => {
    const found: number[][][] = []
    fn()
    for (const name of engineNames) {
      const f = jitOn(fn, testEngine(name), { seed: 7 })
      const calls = [values(await f()), values(await f()), values(await f())]
      const resumed = jitOn(fn, testEngine(name), { seed: 7 })
      resumed.calls = 1
      const rest = [values(await resumed()), values(await resumed())]
      expect(rest).toEqual(calls.slice(1))
      expect(resumed.calls).toBe(3)
      expect(new Set(calls.map((call) => call.join())).size).toBe(3)
      const other = jitOn(fn, testEngine(name), { seed: 8 })
      expect(values(await other())).not.toEqual(calls[0])
      expect(f.traces).toBe(tracesOn(name, 1))
      for (const jitted of [f, resumed, other]) await jitted.dispose()
      found.push(calls)
    }
    const [native, plain] = found as [number[][], number[][]]
    // Numbers of the generators are equal to the bit; what is computed from them rounds as it rounds.
    native.flat().forEach((value, index) => {
      expect(Math.abs(value - plain.flat()[index]!)).toBeLessThan(1e-5)
    })
  })

  it('with a seed of its own gives what TensorFlow.js gives, each time', async () => {
    const fn = () => tf.randomNormal(shape, 0, 1, 'float32', 3)
    const f = jitOn(fn, testEngine('onnxruntime-node'))
    expect([values(await f()), values(await f())]).toEqual([values(fn()), values(fn())])
    await f.dispose()
  })

  it('has its distribution', async () => {
    const f = jitOn(
      () => ({
        uniform: tf.randomUniform([20_000], -1, 3),
        normal: tf.randomNormal([20_000], 5, 2),
        truncated: tf.truncatedNormal([20_000], 0, 1),
        dropped: tf.dropout(tf.ones([100, 200]), 0.3),
      }),
      testEngine('onnxruntime-node'),
    )
    const { uniform, normal, truncated, dropped } = await f()
    // [tensor, mean, variance]; five standard errors of 20,000 draws: a false alarm in a million.
    const expected: [tf.Tensor, number, number][] = [
      [uniform, 1, 16 / 12],
      [normal, 5, 4],
      [truncated, 0, 0.7737],
      [dropped, 1, 0.3 / 0.7],
    ]
    for (const [tensor, mean, variance] of expected) {
      const { mean: m, variance: v } = tf.moments(tensor)
      expect(Math.abs(values(m)[0]! - mean)).toBeLessThan(5 * Math.sqrt(variance / 20_000))
      expect(Math.abs(values(v)[0]! - variance) / variance).toBeLessThan(0.08)
    }
    expect(Math.max(...values(truncated))).toBeLessThanOrEqual(2)
    expect(new Set(values(dropped))).toEqual(new Set([0, Math.fround(1 / Math.fround(0.7))]))
    await f.dispose()
  })

  it('makes the first values of a variable that the first call creates', async () => {
    const make = () => {
      let w: tf.Variable | undefined
      return () => {
        w ??= tf.variable(tf.randomNormal([4]))
        return tf.mul(w, 1) as tf.Tensor
      }
    }
    const [f, again] = [jitOn(make(), testEngine('onnxruntime-node')), jitOn(make(), testEngine('onnxruntime-node'))]
    const first = values(await f())
    expect(values(await f())).toEqual(first)
    expect(values(await again())).toEqual(first)
    expect(new Set(first).size).toBe(4)
  })

  it('leaves Math.random and Object.prototype as they were, after an error too', async () => {
    const { random } = Math
    const f = jitOn(() => {
      tf.randomUniform([2])
      throw new Error('of the user')
    }, testEngine('onnxruntime-node'))
    await expect(f()).rejects.toThrow('of the user')
    expect(Math.random).toBe(random)
    expect('random' in Object.prototype || 'randu' in Object.prototype).toBe(false)
    expect(Object.hasOwn(tf.engine(), 'makeTensor')).toBe(false)
    expect(new Set(values(tf.randomUniform([8]))).size).toBe(8)
  })
})

it("a training step's loss draws by step too, and goes on after a restore", async () => {
  const found: number[][] = []
  for (const name of engineNames) {
    const make = () => {
      const w = tf.variable(tf.ones([4, 5]))
      const loss = () => tf.mean(tf.square(tf.dropout(w, 0.5))) as tf.Scalar
      return trainStepOn({ variables: [w], optimizer: adam({ learningRate: 0.01 }), seed: 3, loss }, testEngine(name))
    }
    const [whole, resumed] = [make(), make()]
    const losses: number[] = []
    for (let i = 0; i < 2; i++) losses.push((await whole.run({ inputs: {} })).loss)
    await resumed.restore(await whole.state())
    for (let i = 0; i < 3; i++) {
      const { loss } = await whole.run({ inputs: {} })
      expect((await resumed.run({ inputs: {} })).loss).toBe(loss)
      losses.push(loss)
    }
    expect(new Set(losses).size).toBe(5)
    found.push(losses)
    await whole.dispose()
    await resumed.dispose()
  }
  found[0]!.forEach((loss, index) => {
    expect(loss).toBeCloseTo(found[1]![index]!, 5)
  })
})
