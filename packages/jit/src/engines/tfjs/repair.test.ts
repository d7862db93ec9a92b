import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { prepareTfjs } from './prepare.ts'

it.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])('multiplies stacks of matrices as the cpu backend does (transposed: %s, %s)', async (transposeA, transposeB) => {
  expect(await prepareTfjs()).toBe('wasm')
  const numbers = (shape: number[]) =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i)),
      shape,
    )
  const product = async (backend: string) => {
    await tf.setBackend(backend)
    const a = numbers(transposeA ? [2, 3, 5, 4] : [2, 3, 4, 5])
    const b = numbers(transposeB ? [2, 3, 6, 5] : [2, 3, 5, 6])
    return [...(await tf.matMul(a, b, transposeA, transposeB).data())]
  }
  const expected = await product('cpu')
  const actual = await product('wasm')
  expect(actual).toHaveLength(2 * 3 * 4 * 6)
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 5)
  })
})
