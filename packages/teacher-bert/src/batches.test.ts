import fc from 'fast-check'
import { expect, it } from 'vitest'
import { batchesOfOneLength } from './batches.ts'

const encoding = (length: number, id: number) => ({ ids: new Int32Array(length).fill(id), types: new Int32Array(length) })

it('puts every text in one batch of its own length, in order, no larger than asked', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (lengths, size) => {
      const encodings = lengths.map((length, place) => encoding(length, place))
      const batches = [...batchesOfOneLength(encodings, { texts: size, tokens: 1024 })]
      for (const { places, ids, length } of batches) {
        expect(places.length).toBeLessThanOrEqual(size)
        expect([...ids]).toEqual(places.flatMap((place) => Array(length).fill(place)))
        expect(places.every((place) => lengths[place] === length)).toBe(true)
      }
      const order = batches.flatMap(({ places }) => places)
      const expected = lengths.map((_, place) => place).sort((a, b) => lengths[a]! - lengths[b]! || a - b)
      expect(order).toEqual(expected)
    }),
  )
})

it.each([
  [64, 512, Array(32).fill(2)],
  [64, 24, [32, 32]],
  [5, 2000, [1, 1, 1, 1, 1]],
])('cuts %i texts of %i tokens into even batches that stay in the cache', (count, length, rows) => {
  const texts = Array.from({ length: count }, () => encoding(length, 1))
  expect([...batchesOfOneLength(texts, { texts: 64, tokens: 1024 })].map(({ places }) => places.length)).toEqual(rows)
})
