import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { StudentTraining } from '../src/student/student.ts'

export type Nested = number | Nested[]

/** Values that PyTorch gave: a file of `fixtures/`. */
export const goldenFile = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'))

export const flat = (value: Nested): Float32Array => Float32Array.from([value].flat(9) as number[])

/** PyTorch's two biases are one here: their sum, and the gradient of either. */
export function named(values: Record<string, Nested>, joined: (a: number, b: number) => number): Record<string, Float32Array> {
  const all = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, flat(value)]))
  for (const direction of ['', '_reverse']) {
    const second = all[`lstm.bias_hh_l0${direction}`]!
    all[`lstm.bias_ih_l0${direction}`] = all[`lstm.bias_ih_l0${direction}`]!.map((value, place) => joined(value, second[place]!))
    delete all[`lstm.bias_hh_l0${direction}`]
  }
  return all
}

export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!), `${what}[${i}]`).toBeLessThan(1e-5)
}

/** A step that drops nothing. */
export const context = { dropout: (x: tf.Tensor): tf.Tensor => x }

/**
 * A batch as a step reads it: word ids, padded to `size` rows.
 * @param table word vectors of the golden files' 5 dimensions
 */
export function batchOf(training: StudentTraining, table: Float32Array, examples: readonly Int32Array[], size: number) {
  const { ids, inputs } = training.batch(examples, size)
  const { data, shape } = inputs.ends!
  return {
    inputs: { ends: tf.tensor(data as Float32Array, [...shape]) },
    rows: { trainable: tf.tensor2d(table, [table.length / 5, 5]) },
    positions: tf.tensor(ids.data, [...ids.shape], 'int32'),
  }
}
