import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadOnnx } from './load-onnx.ts'
import { testEngine } from './testing/engines.ts'
import { toOnnx } from './to-onnx.ts'

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const none: number | null = null

beforeAll(async () => {
  await testEngine('onnxruntime-node')()
})

/** Runs the file on each input in turn, beside the function. */
async function expectSame(bytes: Uint8Array, fn: (x: tf.Tensor) => tf.Tensor, inputs: tf.Tensor[], name = 'input_0'): Promise<void> {
  const session = await loadOnnx(bytes)
  for (const x of inputs) {
    const { output } = await session.run({ [name]: { data: x.dataSync() as Float32Array, shape: x.shape } })
    const wanted = fn(x)
    expect(output!.shape).toEqual(wanted.shape)
    values(wanted).forEach((value, at) => {
      expect(output!.data[at], String(at)).toBeCloseTo(value, 4)
    })
  }
  await session.dispose()
}

const floats = (batch: number, ...sides: number[]) => tf.randomNormal([batch, ...sides], 0, 1, 'float32', batch)
const ids = (batch: number, length: number) => tf.randomUniform([batch, length], 0, 20, 'int32', batch)

const { dense, embedding, lstm, bidirectional, flatten, globalAveragePooling1d, layerNormalization, conv2d, maxPooling2d } = layers.layers
const cell = { recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' } as const

const models: [string, layers.layers.Layer[], (batch: number) => tf.Tensor, (number | null)[], 'float32' | 'int32'][] = [
  ['dense', [dense({ units: 3, activation: 'softmax', inputShape: [4] })], (batch) => floats(batch, 4), [none, 4], 'float32'],
  [
    'embedding and LSTM',
    [
      embedding({ inputDim: 20, outputDim: 5, inputLength: 6 }),
      bidirectional({ layer: lstm({ units: 4, ...cell }) as layers.RNN, mergeMode: 'concat' }),
    ],
    (batch) => ids(batch, 6),
    [none, 6],
    'int32',
  ],
  [
    'pooling over time',
    [dense({ units: 6, inputShape: [3, 4] }), globalAveragePooling1d(), dense({ units: 2 })],
    (batch) => floats(batch, 3, 4),
    [none, 3, 4],
    'float32',
  ],
  [
    'normalisation',
    [dense({ units: 6, inputShape: [3, 4] }), layerNormalization(), dense({ units: 2 })],
    (batch) => floats(batch, 3, 4),
    [none, 3, 4],
    'float32',
  ],
  [
    'convolutions',
    [
      conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 2 }),
    ],
    (batch) => floats(batch, 8, 8, 1),
    [none, 8, 8, 1],
    'float32',
  ],
  ['flatten', [flatten({ inputShape: [3, 2] }), dense({ units: 2 })], (batch) => floats(batch, 3, 2), [none, 3, 2], 'float32'],
]

describe('toOnnx', () => {
  it.each(models)('%s with a free batch', async (_, list, make, shape, dtype) => {
    const model = layers.sequential({ layers: list })
    const fn = (x: tf.Tensor) => model.apply(x) as tf.Tensor
    const tensors = tf.memory().numTensors
    const bytes = toOnnx(fn, [{ shape, dtype }])
    expect(tf.memory().numTensors).toBe(tensors)
    await expectSame(bytes, fn, [1, 2, 5, 13].map(make))
  })

  it('gives the inputs and outputs their names, and the batch its own', async () => {
    const bytes = toOnnx(
      ({ a, b }: { a: tf.Tensor2D; b: tf.Tensor2D }) => ({ product: tf.matMul(a, b, false, true), means: [tf.mean(a, 0), tf.mean(a)] }),
      [{ a: { shape: [null, 3], name: 'left' }, b: { shape: [2, 3], name: 'right' } }],
    )
    const session = await loadOnnx(bytes)
    expect([session.inputs, session.outputs]).toEqual([
      ['left', 'right'],
      ['product', 'means_0', 'means_1'],
    ])
    const left = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 12), shape: [3, 3] }
    const { product, means_0, means_1 } = await session.run({ left, right: { data: Float32Array.of(1, 0, 0, 0, 0, 1), shape: [2, 3] } })
    expect([product, means_0, means_1].map((tensor) => Array.from(tensor!.data as Float32Array))).toEqual([
      [1, 3, 4, 6, 7, 12],
      [4, 5, 7],
      [16 / 3].map(Math.fround),
    ])
    await session.dispose()
    const text = new TextDecoder('latin1').decode(bytes)
    expect(text).toContain('batch')
    expect(text).not.toContain('com.microsoft')
  })

  it('computes sizes and numbers from the batch', async () => {
    const fn = (x: tf.Tensor) => {
      const [batch, side] = x.shape as [number, number]
      const doubled = tf.concat([x, tf.zeros([batch, side]), tf.fill([batch, side], 1 / batch)])
      return tf.mul(tf.add(tf.reshape(doubled, [batch, 3 * side]), tf.scalar(batch)), tf.mean(tf.mean(x, 0, true)))
    }
    await expectSame(toOnnx(fn, [{ shape: [null, 2] }]), fn, [floats(1, 2), floats(4, 2)])
  })

  it('takes fixed shapes and the present values of variables', async () => {
    const w = tf.variable(tf.tensor1d([1, 2]))
    const fn = (x: tf.Tensor) => tf.mul(x, w)
    const before = toOnnx(fn, [{ shape: [2], name: 'x' }])
    w.assign(tf.tensor1d([5, 6]))
    const after = toOnnx(fn, [{ shape: [2], name: 'x' }])
    await expectSame(before, (x) => tf.mul(x, [1, 2]), [tf.ones([2])], 'x')
    await expectSame(after, fn, [tf.ones([2])], 'x')
  })

  it('refuses what a file can not hold, by name', () => {
    const w = tf.variable(tf.scalar(1), true, 'w of to-onnx')
    expect(() => toOnnx((x: tf.Tensor) => w.assign(tf.mean(x) as tf.Scalar), [{ shape: [2] }])).toThrow('assigns the variable w of to-onnx')
    expect(() => toOnnx((x: tf.Tensor) => tf.dropout(x, 0.5), [{ shape: [2] }])).toThrow('draws random numbers')
    const square = (x: tf.Tensor) => tf.reshape(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true), [-1])
    expect(() => toOnnx((x: tf.Tensor) => tf.add(square(x), tf.zeros([x.shape[0]! ** 2])), [{ shape: [null, 2] }])).toThrow(
      'size of a tensor depends on the size of the batch',
    )
    expect(() => toOnnx((x: tf.Tensor) => (x.shape[0]! % 3 === 1 ? tf.neg(x) : tf.abs(x)), [{ shape: [null] }])).toThrow(
      'size of the batch',
    )
    const bad = [{ shape: [2, null] }] as never
    expect(() => toOnnx((x: tf.Tensor) => x, bad)).toThrow('option signature')
    expect(() => toOnnx((x: tf.Tensor) => [x, x], [{ shape: [2] }], { outputs: ['one'] })).toThrow('option outputs')
  })
})
