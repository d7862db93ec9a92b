import type { WordVectors } from '@kd/core'
import { expect, test } from 'vitest'
import { initialVectors } from './initial-vectors.ts'

const words = ['[PAD]', '[UNK]', '[MASK]', ...Array.from({ length: 500 }, (_, index) => `w${index}`)]
const source = (rows: (word: string) => number[]): WordVectors => ({
  name: 'of a test',
  dimensions: 4,
  vectorsFor: async (words) => Float32Array.from(words.flatMap(rows)),
})
const deviation = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

test('random vectors: of the seed, each row of its place alone, padding zero', async () => {
  const a = await initialVectors(words, { dimensions: 4, seed: 1 })
  expect(a).toEqual(await initialVectors(words, { dimensions: 4, seed: 1 }))
  expect(a.slice(0, 40)).toEqual(await initialVectors(words.slice(0, 10), { dimensions: 4, seed: 1 }))
  expect(a).not.toEqual(await initialVectors(words, { dimensions: 4, seed: 2 }))
  expect(a.subarray(0, 4)).toEqual(new Float32Array(4))
  expect(deviation(a.subarray(4))).toBeCloseTo(0.1, 2)
})

test('words that the source lacks get vectors of the same spread', async () => {
  const known = (word: string) => word.startsWith('w') && Number(word.slice(1)) % 2 === 0
  const vectors = source((word) => (known(word) ? [3, -3, 3, -3] : new Array(4).fill(Number.NaN)))
  const values = await initialVectors(words, { dimensions: 4, vectors, seed: 1 })
  const row = (word: string) => values.subarray(words.indexOf(word) * 4, words.indexOf(word) * 4 + 4)
  expect([...row('w8')]).toEqual([3, -3, 3, -3])
  const others = Float32Array.from(words.filter((word) => !known(word) && word !== '[PAD]').flatMap((word) => [...row(word)]))
  expect(others.every(Number.isFinite)).toBe(true)
  expect(deviation(others)).toBeGreaterThan(2.7)
  expect(deviation(others)).toBeLessThan(3.3)
})

test('a piece of words has the vector of its letters', async () => {
  const vectors = source((word) => (word === 'w1' ? [1, 2, 3, 4] : word === '##' ? [5, 6, 7, 8] : [0, 0, 0, 0]))
  const values = await initialVectors([...words.slice(0, 3), '##w1', '##'], { dimensions: 4, vectors, seed: 1 })
  expect([...values.subarray(12)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

test('refuses the wrong number of values, and infinite ones', async () => {
  const wrong = source(() => [1, 2, 3])
  await expect(initialVectors(words, { dimensions: 4, vectors: wrong, seed: 1 })).rejects.toMatchObject({ kind: 'mismatch' })
  const infinite = source(() => [1, 2, 3, Number.POSITIVE_INFINITY])
  await expect(initialVectors(words, { dimensions: 4, vectors: infinite, seed: 1 })).rejects.toMatchObject({ kind: 'numeric' })
})
