import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { int8MatMul, int8Matrix } from './int8-product.ts'
import { jitOn } from './jit.ts'
import { loadOnnx } from './load-onnx.ts'
import { engineNames, testEngine } from './testing/engines.ts'
import { toOnnx } from './to-onnx.ts'

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const w = tf.randomNormal([1600, 24], 0, 1, 'float32', 1) as tf.Tensor2D
const x = tf.randomNormal([2, 5, 1600], 0, 1, 'float32', 2)
const matrix = int8Matrix(w)

const off = (found: tf.Tensor, wanted: tf.Tensor) =>
  tf.tidy(() => tf.div(tf.max(tf.abs(tf.sub(found, wanted))), tf.sqrt(tf.mean(tf.square(wanted)))).dataSync()[0]!)

beforeAll(async () => {
  for (const name of engineNames) await testEngine(name)()
})

describe.each(engineNames)('int8 product on %s', (name) => {
  it('is near the exact one, each row by itself', async () => {
    const f = jitOn((x: tf.Tensor) => int8MatMul(x, matrix), testEngine(name))
    const whole = await f(x)
    const exact = tf.reshape(tf.matMul(tf.reshape(x, [10, 1600]), w), [2, 5, 24])
    expect(whole.shape).toEqual([2, 5, 24])
    // Rounding to 7 and 8 bits, errors of 1,600 terms added at random.
    expect(off(whole, exact)).toBeLessThan(0.08)
    const [first] = tf.split(tf.mul(x, 1), 2)
    expect(off((await f(first!)) as tf.Tensor, tf.slice(whole, 0, 1))).toBeLessThan(1e-6)
    await f.dispose()
  })

  it('does not saturate at the largest values, keeps zeros', async () => {
    const ones = int8Matrix(tf.ones([2000, 2]))
    const f = jitOn((x: tf.Tensor) => int8MatMul(x, ones), testEngine(name))
    const result = values(await f(tf.concat([tf.ones([1, 2000]), tf.mul(tf.ones([1, 2000]), -3), tf.zeros([1, 2000])])))
    for (const [index, wanted] of [2000, 2000, -6000, -6000, 0, 0].entries()) expect(result[index]).toBeCloseTo(wanted, 1)
    expect(int8Matrix(tf.zeros([2, 2])).scales).toEqual(Float32Array.of(0, 0))
    await f.dispose()
  })

  it('has the derivative of the product with the rounded matrix', async () => {
    const f = jitOn((x: tf.Tensor) => tf.grad((z: tf.Tensor) => tf.sum(int8MatMul(z, matrix)))(x), testEngine(name))
    const rounded = tf.mul(tf.tensor2d(Float32Array.from(matrix.values), [1600, 24]), tf.tensor1d(matrix.scales))
    const wanted = tf.mul(tf.ones([2, 5, 1]), tf.sum(rounded, 1))
    expect(off(await f(x), wanted)).toBeLessThan(1e-5)
    await f.dispose()
  })
})

it('both engines multiply the same whole numbers', async () => {
  const [a, b] = await Promise.all(engineNames.map((name) => jitOn((x: tf.Tensor) => int8MatMul(x, matrix), testEngine(name))(x)))
  expect(off(a!, b!)).toBeLessThan(1e-5)
})

it("is exported in ONNX's own operators", async () => {
  const bytes = toOnnx((x: tf.Tensor) => int8MatMul(x, matrix), [{ shape: [null, 1600] }])
  expect(new TextDecoder('latin1').decode(bytes)).not.toContain('com.microsoft')
  const session = await loadOnnx(bytes)
  const flat = tf.reshape(x, [10, 1600])
  const { output } = await session.run({ input_0: { data: flat.dataSync() as Float32Array, shape: [10, 1600] } })
  expect(off(tf.tensor(output!.data as Float32Array, [10, 24]), int8MatMul(flat, matrix))).toBeLessThan(1e-5)
  await session.dispose()
})

it('refuses sides that do not fit', () => {
  expect(() => int8MatMul(tf.ones([2, 3]), matrix)).toThrow('option x')
  expect(() => int8MatMul(tf.ones([2, 1600]), { ...matrix, columns: 23 })).toThrow('option matrix')
})
