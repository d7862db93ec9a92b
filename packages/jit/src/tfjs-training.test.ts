import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { drawing } from './random-ops.ts'
import { chainOps } from './testing/chained-ops.ts'
import { checkTraced, expectClose } from './testing/check-ops.ts'
import { testEngine } from './testing/engines.ts'
import { constraintRows, coreLossRows, layerLossRows, metricRows } from './testing/rows/losses.ts'

const native = testEngine('onnxruntime-node')

beforeAll(async () => {
  chainOps()
  await native()
}, 60_000)

describe('what TensorFlow.js has for training, traced and not', () => {
  it('the losses of its core', async () => {
    const tested = new Set(coreLossRows.map(({ kernel }) => kernel))
    expect(Object.keys(tf.losses).filter((name) => !tested.has(name))).toEqual([])
    await checkTraced(coreLossRows)
  })

  it('the losses of tfjs-layers', () => checkTraced(layerLossRows))

  it('the metrics of tfjs-layers', async () => {
    const tested = new Set(metricRows.map(({ kernel }) => kernel))
    const others = /^(MAPE|MSE|mape|mse)$/
    expect(Object.keys(tfl.metrics).filter((name) => !others.test(name) && !tested.has(name))).toEqual([])
    await checkTraced(metricRows)
  })

  it('constraints and regularizers', async () => {
    const tested = new Set(constraintRows.map(({ kernel }) => kernel))
    const names = [...Object.keys(tfl.constraints), ...Object.keys(tfl.regularizers)]
    expect(names.filter((name) => !tested.has(name))).toEqual([])
    await checkTraced(constraintRows)
  })
})

describe('20 steps of each optimizer of TensorFlow.js, traced and not', () => {
  const optimizers: [keyof typeof tf.train, string, () => tf.Optimizer][] = [
    ['sgd', '', () => tf.train.sgd(0.1)],
    ['momentum', '', () => tf.train.momentum(0.05, 0.8)],
    ['momentum', ' of Nesterov', () => tf.train.momentum(0.05, 0.8, true)],
    ['adagrad', '', () => tf.train.adagrad(0.2)],
    ['adadelta', '', () => tf.train.adadelta(0.5)],
    ['adam', '', () => tf.train.adam(0.1)],
    ['adamax', ' with decay', () => tf.train.adamax(0.1, 0.9, 0.999, 1e-7, 0.01)],
    ['rmsprop', '', () => tf.train.rmsprop(0.05, 0.8, 0.5)],
    ['rmsprop', ', centred', () => tf.train.rmsprop(0.05, 0.8, 0, 1e-6, true)],
  ]

  it.each(optimizers)('%s%s', async (_, __, make) => {
    const x = tf.tensor2d([0.3, 1.2, -0.7, 1, -1, 0.2, 0.9, 1.7, 0.1, -1.3, 0.4, 2], [6, 2])
    const start = tf.tensor2d([0.5, -0.4, 0.3, 0.2], [2, 2])
    const runs = [0, 1].map(() => {
      const [w, b] = [tf.variable(start), tf.variable(tf.zeros([2]))]
      const optimizer = make()
      const error = () => tf.mean(tf.square(tf.sub(tf.tanh(tf.add(tf.matMul(x, w as tf.Tensor2D), b)), x))) as tf.Scalar
      return { variables: [w, b], step: () => optimizer.minimize(error, true, [w, b])! }
    })
    const [traced, plain] = runs as [(typeof runs)[0], (typeof runs)[0]]
    const step = jitOn(traced.step, native)
    for (let at = 0; at < 20; at++) expectClose([await step()], [tf.tidy(plain.step)], 1e-5, `loss of step ${at}`)
    expectClose(traced.variables, plain.variables, 1e-5, 'variables after 20 steps')
    await step.dispose()
  })

  it('all of them', () => {
    const tested = new Set<string>(optimizers.map(([name]) => name))
    expect(Object.keys(tf.train).filter((name) => !tested.has(name))).toEqual([])
  })
})

describe('each initializer of tfjs-layers, traced and not', () => {
  const { initializers } = tfl
  const made: Record<string, { apply(shape: tfl.Shape): tf.Tensor }> = {
    constant: initializers.constant({ value: 0.3 }),
    glorotNormal: initializers.glorotNormal({}),
    glorotUniform: initializers.glorotUniform({}),
    heNormal: initializers.heNormal({}),
    heUniform: initializers.heUniform({}),
    identity: initializers.identity({ gain: 2 }),
    leCunNormal: initializers.leCunNormal({}),
    leCunUniform: initializers.leCunUniform({}),
    ones: initializers.ones(),
    randomNormal: initializers.randomNormal({ mean: 1, stddev: 2 }),
    randomUniform: initializers.randomUniform({ minval: -1, maxval: 3 }),
    truncatedNormal: initializers.truncatedNormal({}),
    varianceScaling: initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'uniform' }),
    zeros: initializers.zeros(),
  }

  it('numbers by (seed, call, use)', async () => {
    const all = () => Object.values(made).map((initializer) => initializer.apply([4, 4]))
    const traced = jitOn(all, native, { seed: 3 })
    for (const call of [0, 1]) {
      const [found, wanted] = [await traced(), drawing(3, call, all)]
      for (const [index, name] of Object.keys(made).entries()) expectClose([found[index]!], [wanted[index]!], 2e-6, `${name}, call ${call}`)
    }
    await traced.dispose()
  })

  it('all of them but orthogonal, which needs functions that the core of TensorFlow.js lacks, traced or not', () => {
    expect(Object.keys(initializers).filter((name) => !(name in made))).toEqual(['orthogonal'])
    expect(() => initializers.orthogonal({}).apply([3, 3])).toThrow('is not a function')
  })
})
