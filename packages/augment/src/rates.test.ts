import { Random } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { mask, maskToken, ngram, replaceByPos, WordPool } from './index.ts'

/**
 * Largest chi-squared that is taken for chance, by degrees of freedom: a correct rule exceeds it with one seed in
 * 10,000. The seeds are fixed, so a failure stays.
 */
const largest: Record<number, number> = { 1: 15.14, 2: 18.42, 3: 21.11, 4: 23.51, 6: 27.86 }

function expectDistribution(counts: readonly number[], probabilities: readonly number[], seed: number): void {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const chi2 = counts.reduce((sum, count, i) => sum + (count - total * probabilities[i]!) ** 2 / (total * probabilities[i]!), 0)
  expect(chi2, `seed ${seed}: ${counts}`).toBeLessThan(largest[counts.length - 1]!)
}

const words = Array.from({ length: 50 }, (_, i) => `w${i}`)
const seeds = [1, 2, 3]

describe.each(seeds)('seed %i', (seed) => {
  const random = new Random(seed, 'test').at(0)

  it('masks at its rate, at each place alike, and nothing else', () => {
    let masked = 0
    const places = [0, 0]
    for (let i = 0; i < 2000; i++) {
      const out = mask(words, random, 0.1)
      expect(out.length).toBe(words.length)
      for (const [place, word] of out.entries()) {
        if (word === words[place]) continue
        if (word !== maskToken) expect.fail(`${word} is neither the word nor the mask`)
        masked++
        places[place < 25 ? 0 : 1]!++
      }
    }
    expectDistribution([masked, 100_000 - masked], [0.1, 0.9], seed)
    expectDistribution(places, [0.5, 0.5], seed)
  })

  it('replaces at its rate, by words of the same tag, as often as they occur', () => {
    const pool = new WordPool()
    const occurring = { N: ['cat', 'dog', 'dog', 'film', 'film', 'film', 'film'], V: ['run', 'sit', 'sit'] }
    for (const [tag, all] of Object.entries(occurring)) for (const word of all) pool.add(word, tag)
    expect([pool.count('N'), pool.count('V'), pool.count('X')]).toEqual([7, 3, 0])
    const tags = words.map((_, i) => ['N', 'V', 'X'][i % 3]!)
    const drawn = new Map<string, number>()
    for (let i = 0; i < 2000; i++) {
      replaceByPos({ words, tags }, pool, random, 0.1).forEach((word, place) => {
        if (word === words[place]) return
        if (!occurring[tags[place] as 'N' | 'V'].includes(word)) expect.fail(`${word} does not occur under ${tags[place]}`)
        drawn.set(word, (drawn.get(word) ?? 0) + 1)
      })
    }
    const counts = (...names: string[]) => names.map((name) => drawn.get(name) ?? 0)
    expectDistribution(counts('cat', 'dog', 'film'), [1 / 7, 2 / 7, 4 / 7], seed)
    expectDistribution(counts('run', 'sit'), [1 / 3, 2 / 3], seed)
    const replaced = [...drawn.values()].reduce((sum, count) => sum + count, 0)
    // 34 of 50 places have a tag that the pool knows.
    expectDistribution([replaced, 68_000 - replaced], [0.1, 0.9], seed)
  })

  it('cuts n-grams at its rate, n and place uniform, words in order', () => {
    const lengths = [0, 0, 0, 0, 0]
    const firsts = new Map<number, number[]>()
    for (let i = 0; i < 20_000; i++) {
      const out = ngram(words.slice(0, 8), random, 0.25)
      if (out.length === 8) continue
      lengths[out.length - 1]!++
      const first = words.indexOf(out[0]!)
      expect(out).toEqual(words.slice(first, first + out.length))
      const places = firsts.get(out.length) ?? new Array(8 - out.length + 1).fill(0)
      places[first]++
      firsts.set(out.length, places)
    }
    const cut = lengths.reduce((sum, count) => sum + count, 0)
    expectDistribution([cut, 20_000 - cut], [0.25, 0.75], seed)
    expectDistribution(lengths, [0.2, 0.2, 0.2, 0.2, 0.2], seed)
    for (const n of [2, 4, 5]) expectDistribution(firsts.get(n)!, new Array(9 - n).fill(1 / (9 - n)), seed)
  })

  it('a text of no more than n words is its own n-gram', () => {
    const lengths = [0, 0, 0]
    for (let i = 0; i < 10_000; i++) lengths[ngram(['a', 'b', 'c'], random, 1).length - 1]!++
    expectDistribution(lengths, [0.2, 0.2, 0.6], seed)
    expect(ngram([], random, 1)).toEqual([])
  })
})
