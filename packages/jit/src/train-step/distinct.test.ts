import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DistinctIds, distinctBucket, distinctPlaces } from './distinct.ts'

it('finds each id once, in the order of their first use, and where each stands', () => {
  const distinct = new DistinctIds(50)
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 49 }), { minLength: 1, maxLength: 80 }), (list) => {
      const { ids, count, positions } = distinct.of(Int32Array.from(list))
      expect([...ids.subarray(0, count)]).toEqual([...new Set(list)])
      expect(Array.from(positions, (place) => ids[place])).toEqual(list)
      expect([...ids.subarray(count)].every((id) => id === list[0])).toBe(true)
    }),
  )
})

it('finds the places of a part among those of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 40 }), (list) => {
      const { places, positions } = distinctPlaces(Int32Array.from(list), 10)
      expect([...places]).toEqual([...new Set(list)])
      expect(Array.from(positions, (at) => places[at])).toEqual(list)
    }),
  )
})

it('rounds numbers up to the next of four sizes an octave', () => {
  expect([1, 16, 17, 33, 300, 1000, 1025].map(distinctBucket)).toEqual([16, 16, 20, 40, 320, 1024, 1280])
})
