import '@tensorflow/tfjs-layers'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { opRows } from '../../testing/op-rows.ts'
import { prepareTfjs } from './prepare.ts'

/** On wasm, then on cpu, from the same numbers. */
function both(fn: (...inputs: tf.Tensor[]) => tf.Tensor, shapes: number[][], ids?: number[]): [Float32Array, Float32Array] {
  const results = ['wasm', 'cpu'].map((backend) => {
    void tf.setBackend(backend)
    return tf.tidy(() => {
      const inputs = shapes.map((shape, seed) => tf.randomUniform(shape, -1, 1, 'float32', seed + 1))
      if (ids) inputs.push(tf.tensor1d(ids, 'int32'))
      return fn(...inputs).dataSync() as Float32Array
    })
  })
  return results as [Float32Array, Float32Array]
}

const off = ([a, b]: [Float32Array, Float32Array]) => {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0)
}

beforeAll(async () => {
  expect(await prepareTfjs()).toBe('wasm')
})
afterAll(() => {
  void tf.setBackend('cpu')
})

// Inner sides above 48: below, the shipped kernels were right.
describe('repaired wasm kernels', () => {
  it.each([
    ['', [70, 80], [80, 60], false, false],
    [', a transposed', [80, 70], [80, 60], true, false],
    [', b transposed', [70, 80], [60, 80], false, true],
    [', a batch', [3, 7, 80], [3, 80, 6], false, false],
    [', a batch, both transposed', [3, 80, 7], [3, 6, 80], true, true],
    [', a batch by one', [3, 7, 80], [1, 80, 6], false, false],
    [', four axes', [2, 3, 7, 80], [2, 3, 6, 80], false, true],
  ] as const)('product%s', (_, a, b, transposeA, transposeB) => {
    expect(off(both((x, y) => tf.matMul(x!, y!, transposeA, transposeB), [[...a], [...b]]))).toBeLessThan(1e-5)
  })

  it.each(['linear', 'relu', 'sigmoid', 'elu', 'leakyrelu'] as const)('fused product with %s', (activation) => {
    const fn = (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, transposeB: true, activation })
    expect(off(both(fn as (...inputs: tf.Tensor[]) => tf.Tensor, [[7, 80], [6, 80], [6]]))).toBeLessThan(1e-5)
  })

  it('tanh', () => {
    expect(off(both((x) => tf.tanh(tf.mul(x!, 8)), [[500]]))).toBeLessThan(1e-6)
  })

  it('one-hot rows of floats', () => {
    expect(off(both((_, ids) => tf.oneHot(ids as tf.Tensor1D, 3, 0.9, 0.1, 'float32'), [[1]], [0, 2, 5, -1]))).toBe(0)
    expect(off(both((_, ids) => tf.oneHot(ids as tf.Tensor1D, 3), [[1]], [0, 2, 5, -1]))).toBe(0)
  })

  it('the gradient of a look-up', () => {
    const fn = (table: tf.Tensor, weights: tf.Tensor, ids: tf.Tensor) =>
      tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, ids as tf.Tensor1D), weights)))(table)
    expect(
      off(
        both(
          fn as (...inputs: tf.Tensor[]) => tf.Tensor,
          [
            [5, 3],
            [6, 3],
          ],
          [0, 4, 4, 1, 0, 4],
        ),
      ),
    ).toBeLessThan(1e-6)
  })

  it('leave nothing behind', () => {
    void tf.setBackend('wasm')
    const { numDataBuffers } = tf.memory()
    both(
      (x, y) => tf.tanh(tf.matMul(x!, y!, true)),
      [
        [3, 80, 7],
        [3, 80, 6],
      ],
    )
    void tf.setBackend('wasm')
    expect(tf.memory().numDataBuffers).toBe(numDataBuffers)
    expect((tf.backend() as tf.KernelBackend).numDataIds()).toBe(tf.memory().numDataBuffers)
  })

  it('and the pieces of students and teachers, on wasm as on cpu', () => {
    const pieces = opRows.filter(({ kernel }) => ['layer normalisation', 'gelu', 'attention', 'LSTM cell'].includes(kernel))
    expect(pieces).toHaveLength(4)
    for (const { kernel, fn, shapes = [[3, 4]] } of pieces) {
      const joined = (...inputs: tf.Tensor[]) => tf.concat([fn(...inputs)].flat().map((result) => tf.reshape(result, [-1])))
      expect(
        off(
          both(
            joined,
            shapes.map((shape) => [...shape]),
          ),
        ),
        kernel,
      ).toBeLessThan(1e-5)
    }
  })
})

it('prepareTfjs keeps a backend of the user', async () => {
  tf.registerBackend('users', () => tf.findBackend('cpu'), 0)
  await tf.setBackend('users')
  expect(await prepareTfjs()).toBe('users')
  await tf.setBackend('cpu')
  tf.removeBackend('users')
})
