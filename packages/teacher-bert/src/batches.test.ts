import fc from 'fast-check'
import { expect, it } from 'vitest'
import { batchesOfOneLength } from './batches.ts'

const encoding = (length: number, id: number) => ({ ids: new Int32Array(length).fill(id), types: new Int32Array(length) })

it('puts every text in one batch of its own length, in order, no larger than asked', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (lengths, size) => {
      const encodings = lengths.map((length, place) => encoding(length, place))
      const batches = [...batchesOfOneLength(encodings, size)]
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

it('keeps batches of long texts within the memory of short ones', () => {
  const rows = [
    ...batchesOfOneLength(
      Array.from({ length: 64 }, () => encoding(512, 1)),
      64,
    ),
  ].map(({ places }) => places.length)
  expect(rows).toEqual([16, 16, 16, 16])
})
