import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { philox4x32, Random } from './random.ts'

// Known answers of Random123 (kat_vectors, philox4x32 10).
const known: [number[], number[], number[]][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
]

describe('philox4x32', () => {
  it.each(known)('counter %j key %j', (c, k, expected) => {
    const out = new Uint32Array(4)
    philox4x32(c[0]!, c[1]!, c[2]!, c[3]!, k[0]!, k[1]!, out)
    expect([...out]).toEqual(expected)
  })
})

describe('Random', () => {
  const draws = (random: Random, count = 9) => Array.from({ length: count }, () => random.uint32())

  it('gives the same numbers for (seed, purpose, step, place), whatever was drawn before', () => {
    const random = new Random(7, 'mask')
    const first = draws(random.at(3, 2 ** 40))
    draws(random.at(4, 1))
    expect(draws(random.at(3, 2 ** 40))).toEqual(first)
    expect(draws(new Random(7, 'mask').at(3, 2 ** 40))).toEqual(first)
  })

  it('fills with the numbers that single draws give, wherever it begins', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(20), (before, count) => {
        const random = new Random(7).at(1, 2)
        draws(random, before)
        const filled = new Uint32Array(count + 1)
        random.fill(filled, count)
        expect([...draws(new Random(7).at(1, 2), before + count).slice(before), 0]).toEqual([...filled])
        expect(random.uint32()).toBe(draws(new Random(7).at(1, 2), before + count + 1).at(-1))
      }),
    )
  })

  it('keeps seeds, purposes, steps and places apart', () => {
    const all = [
      new Random(1, 'a').at(0, 0),
      new Random(2, 'a').at(0, 0),
      new Random(2 ** 32 + 1, 'a').at(0, 0),
      new Random(1, 'b').at(0, 0),
      new Random(1, 'a').at(1, 0),
      new Random(1, 'a').at(0, 1),
      new Random(1, 'a').at(0, 2 ** 32),
    ]
    expect(new Set(all.map((random) => draws(random).join())).size).toBe(all.length)
  })

  it('draws whole numbers uniformly', () => {
    // Chi-squared with 6 degrees of freedom: above 27.9 once in 10,000 seeds.
    const counts = new Array(7).fill(0)
    const random = new Random(5).at(0)
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++
    const chi2 = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chi2).toBeLessThan(27.9)
  })

  it('draws normally: mean 0, variance 1', () => {
    const random = new Random(6).at(0)
    const values = Array.from({ length: 20_000 }, () => random.normal())
    const mean = values.reduce((a, b) => a + b) / values.length
    const variance = values.reduce((a, b) => a + b * b) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
  })

  it('shuffles to a permutation', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(200), (seed, length) => {
        const order = new Random(seed).at(0).shuffle(Int32Array.from({ length }, (_, i) => i))
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
      }),
    )
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => new Random(seed)).toThrow(/seed/)
  })
})
