import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { jitOn } from './jit.ts'
import { drawing } from './random-ops.ts'
import { expectClose } from './testing/check-ops.ts'
import { testEngine, tracesOn } from './testing/engines.ts'
import { type LayerRow, layerRows, preparingRows, readingRows } from './testing/rows/layers.ts'

const native = testEngine('onnxruntime-node')
const steps = 20
const seed = 7

beforeAll(async () => {
  await native()
}, 60_000)

// First weights are the same each time: few of them are badly conditioned.
beforeEach(() => {
  const random = new Random(seed, 'first weights')
  vi.spyOn(Math, 'random').mockImplementation(() => random.uniform())
})
afterEach(() => {
  vi.restoreAllMocks()
})

function inputOf({ shape, below, gaps = false, batch = 3 }: LayerRow, index: number): tf.Tensor {
  const random = new Random(index, 'input')
  const draw = below === undefined ? () => random.uniform() * 2 - 1 : () => Math.floor(random.uniform() * below)
  const x = tf.tensor(Array.from({ length: batch * tf.util.sizeFromShape([...shape]) }, draw), [batch, ...shape])
  return gaps ? tf.mul(x, tf.tensor([0, 1, 1, 1, 0, 1, 1, 1, 0], [3, 3, 1])) : x
}

/** Two models with the same weights. */
function twins({ make, shape }: LayerRow): [tfl.Sequential, tfl.Sequential] {
  const build = () => {
    const layers = make()
    return tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [...shape] }), ...layers] })
  }
  const [a, b] = [build(), build()]
  b.setWeights(a.getWeights())
  return [a, b]
}

const weightsOf = (model: tfl.LayersModel) => model.getWeights().map((weight) => tf.clone(weight))

describe('each layer of tfjs-layers, traced and not', () => {
  it.each(layerRows.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    const { trained = true } = row
    const [traced, plain] = twins(row)
    const inputs = [1, 2].map((index) => inputOf(row, index))
    const target = tf.randomUniform((plain.apply(inputs[0]!) as tf.Tensor).shape, -1, 1, 'float32', 5)
    const error = (model: tfl.LayersModel, x: tf.Tensor) =>
      tf.mean(tf.squaredDifference(model.apply(x, { training: true }) as tf.Tensor, target)) as tf.Scalar

    // Forwards, and the gradients of its weights.
    const both = (model: tfl.LayersModel) => (x: tf.Tensor) => {
      const output = model.apply(x) as tf.Tensor
      if (!trained) return [output]
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.squaredDifference(model.apply(x) as tf.Tensor, target)) as tf.Scalar)
      return [output, value, ...Object.values(grads)]
    }
    const forward = jitOn(both(traced), native)
    for (const x of inputs)
      expectClose(
        await forward(x),
        tf.tidy(() => both(plain)(x)),
        1e-5,
        'forwards and gradients',
      )
    await forward.dispose()
    if (!trained) return

    const make = (model: tfl.LayersModel) => {
      const optimizer = tf.train.sgd(0.2)
      return (x: tf.Tensor) => optimizer.minimize(() => error(model, x), true)!
    }
    const [stepTraced, stepPlain] = [jitOn(make(traced), native, { seed }), make(plain)]
    for (let step = 0; step < steps; step++) {
      const x = inputs[step % 2]!
      const wanted = drawing(seed, step, () => tf.tidy(() => stepPlain(x)))
      expectClose([await stepTraced(x)], [wanted], 1e-5, `loss of step ${step}`)
    }
    expectClose(weightsOf(traced), weightsOf(plain), 1e-5, `weights after ${steps} steps`)
    expect(stepTraced.traces).toBe(tracesOn('onnxruntime-node', 1))
    await stepTraced.dispose()
    for (const model of [traced, plain]) model.dispose()
  })

  it.each(preparingRows)('%s', async (_, layer) => {
    const [x, y] = [1, 2].map((index) => inputOf({ name: '', shape: [6, 6, 2], make: () => [] }, index)) as [tf.Tensor, tf.Tensor]
    const traced = jitOn((x: tf.Tensor) => layer.apply(x) as tf.Tensor, native)
    for (const input of [x, y]) expectClose([await traced(input)], [layer.apply(input) as tf.Tensor], 1e-5, 'forwards')
    await traced.dispose()
  })

  it.each(readingRows)('%s is refused: it reads values', async (_, layer) => {
    const x = tf.ones([2, 6, 6, 2])
    await expect(jitOn(() => layer.apply(x) as tf.Tensor, native)()).rejects.toMatchObject({
      kind: 'engine',
      what: expect.stringContaining('reads the values of a tensor'),
    })
  })

  it('has a row for every layer that tfjs-layers exports', () => {
    const rows = [
      ...layerRows.map(({ name, make }) => `${name} ${make}`),
      ...[...preparingRows, ...readingRows].map(([name]) => name),
    ].join(' ')
    // Names of the same, classes, and cells that stand in their layers.
    const others = /^(Layer|RNN|RNNCell|input|inputLayer|avgPool.*|(globalM|m)axPool[12]d|convLstm2dCell|stackedRNNCells)$/
    expect(Object.keys(tfl.layers).filter((name) => !others.test(name) && !rows.includes(name))).toEqual([])
  })
})
