import { Random } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { alikeTogether, idsByExample } from './alike.ts'

const distinctOf = (examples: Int32Array, { begins, ids }: ReturnType<typeof idsByExample>) =>
  new Set(Array.from(examples, (example) => [...ids.subarray(begins[example]!, begins[example + 1]!)]).flat()).size

describe('examples that are alike together', () => {
  it('finds the distinct ids of each example, wherever its axis is', () => {
    // Two examples of three places, one row each, and by column.
    const rows = idsByExample(Int32Array.of(0, 1, 0, 2, 2, 1), [2, 3], 0, 3)
    expect([[...rows.begins], [...rows.ids.subarray(0, 4)]]).toEqual([
      [0, 2, 4],
      [0, 1, 2, 1],
    ])
    const columns = idsByExample(Int32Array.of(0, 2, 1, 2, 0, 1), [3, 2], 1, 3)
    expect(columns).toEqual(rows)
    const middle = idsByExample(Int32Array.of(0, 1, 2, 2, 0, 0, 1, 1), [2, 2, 2], 1, 3)
    expect([...middle.ids.subarray(0, middle.begins[2])]).toEqual([0, 1, 2, 1])
  })

  it('brings those with the same ids together', () => {
    const ids = idsByExample(Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3), [4, 2], 0, 4)
    const found = alikeTogether(ids, 4, 2).map((examples) => [...examples])
    expect(found.toSorted((a, b) => a[0]! - b[0]!)).toEqual([
      [0, 2],
      [1, 3],
    ])
  })

  it.each([2, 3, 4])('shares all examples out equally among %i, with no more rows in all than in their order', (parts) => {
    const random = new Random(parts, 'alike')
    for (let trial = 0; trial < 20; trial++) {
      const [size, length, words] = [parts * (1 + random.integer(12)), 1 + random.integer(6), 1 + random.integer(60)]
      const positions = Int32Array.from({ length: size * length }, () => Math.min(random.integer(words), random.integer(words)))
      const ids = idsByExample(positions, [length, size], 1, words)
      const found = alikeTogether(ids, words, parts)
      expect(found.map((examples) => examples.length)).toEqual(new Array(parts).fill(size / parts))
      expect(found.flatMap((examples) => [...examples]).toSorted((a, b) => a - b)).toEqual([...new Array(size).keys()])
      const inOrder = found.map((_, part) => Int32Array.from({ length: size / parts }, (_, at) => (part * size) / parts + at))
      const rows = (groups: readonly Int32Array[]) => groups.reduce((sum, examples) => sum + distinctOf(examples, ids), 0)
      expect(rows(found)).toBeLessThanOrEqual(rows(inOrder))
      expect(alikeTogether(ids, words, parts)).toEqual(found)
    }
  })
})
