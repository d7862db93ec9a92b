import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planEpoch } from './batch-plan.ts'

const lengthsArbitrary = fc
  .array(
    fc.integer({ min: 1, max: 16 }).map((n) => 4 * n),
    { minLength: 1, maxLength: 400 },
  )
  .map((list) => Int32Array.from(list))

describe('planEpoch', () => {
  it('holds each example once, in batches that it fits in; only one is not full', () => {
    fc.assert(
      fc.property(lengthsArbitrary, fc.integer({ min: 1, max: 64 }), fc.nat(99), (lengths, size, seed) => {
        const batches = planEpoch(lengths, size, seed, 0)
        const all = batches.flatMap(({ examples }) => [...examples])
        expect(all.sort((a, b) => a - b)).toEqual([...lengths.keys()])
        for (const { examples, length } of batches) for (const index of examples) expect(lengths[index]).toBeLessThanOrEqual(length)
        expect(batches.filter(({ examples }) => examples.length < size).length).toBeLessThanOrEqual(1)
        expect(batches.length).toBe(Math.ceil(lengths.length / size))
      }),
    )
  })

  it('is the same for the same seed and epoch, and another for others', () => {
    const lengths = Int32Array.from({ length: 200 }, (_, index) => 4 + 4 * (index % 5))
    const plan = (seed: number, epoch: number) => JSON.stringify(planEpoch(lengths, 16, seed, epoch).map(({ examples }) => [...examples]))
    expect(plan(1, 2)).toBe(plan(1, 2))
    expect(new Set([plan(1, 2), plan(1, 3), plan(2, 2)]).size).toBe(3)
  })
})
