import { type Example, type ProgressEvent, Random } from '@kd/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PairUpOptions, pairUp } from './index.ts'
import { Neighbours } from './neighbours.ts'
import { termsOf } from './terms.ts'

const run = (examples: Iterable<Example | string>, options: Partial<PairUpOptions> = {}) => [
  ...pairUp(examples, { seed: 1, count: 10, ...options }),
]
const sorted = ({ text, pair = '' }: Example) => JSON.stringify([text, pair].sort())
const exact = ({ text, pair = '' }: Example) => JSON.stringify([text, pair])

const text = fc.array(fc.constantFrom('how', 'why', 'cat', 'dog', 'tree'), { maxLength: 3 }).map((words) => words.join(' '))
const examples = fc.array(fc.record({ text, pair: text, label: fc.nat(1) }, { requiredKeys: ['text'] }), { maxLength: 12 })
const usable = (all: readonly Example[]) =>
  new Set(all.flatMap(({ text, pair = '' }) => [text, pair]).filter((one) => one !== '')).size >= 2 &&
  all.some(({ text }) => text !== '') &&
  all.some(({ text, pair = text }) => pair !== '')

describe('pairUp', () => {
  it('new pairs of given texts, each on a side it may take, none twice, none with itself, none excluded', () => {
    fc.assert(
      fc.property(
        examples.filter(usable),
        examples,
        fc.constantFrom('own', 'any'),
        fc.constantFrom(0, 0.5, 1),
        (all, exclude, sides, nearest) => {
          const made = run(all, { count: 40, exclude, sides, nearest })
          const key = sides === 'any' ? sorted : exact
          expect(new Set(made.map(key)).size).toBe(made.length)
          const kept = new Set([...all, ...exclude].filter(({ pair }) => pair !== undefined).map(key))
          const firsts = new Set(all.map(({ text }) => text))
          const seconds = new Set(all.map(({ text, pair }) => pair ?? text))
          const singles = all.filter(({ pair }) => pair === undefined).map(({ text }) => text)
          for (const example of made) {
            expect(Object.keys(example)).toEqual(['text', 'pair'])
            expect(example.text).not.toBe(example.pair)
            expect([example.text, example.pair]).not.toContain('')
            expect(kept).not.toContain(key(example))
            if (sides === 'any') continue
            expect(firsts).toContain(example.text)
            expect([...seconds, ...singles]).toContain(example.pair)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('the same for the same seed, others for another; more begin with the same', () => {
    const texts = Array.from({ length: 30 }, (_, i) => `text number ${i} of ${i % 7}`)
    const some = run(texts, { count: 50 })
    expect(some).toHaveLength(50)
    expect(run(texts, { count: 120 }).slice(0, 50)).toEqual(some)
    expect(
      run(
        texts.map((text) => ({ text, label: 1 })),
        { count: 50 },
      ),
    ).toEqual(some)
    expect(run(texts, { count: 50, seed: 2 })).not.toEqual(some)
  })

  it('gives all pairs there are, and then ends', () => {
    const made = run(['a', 'b', 'c', 'd'], { count: 1000, sides: 'any', nearest: 0 })
    expect(new Set(made.map(sorted)).size).toBe(6)
    expect(run(['a', 'b', 'c', 'd'], { count: 1000, nearest: 0 })).toHaveLength(12)
    expect(run([{ text: 'a', pair: 'b' }])).toEqual([])
  })

  it('each text comes first once before any comes first twice', () => {
    const texts = Array.from({ length: 100 }, (_, i) => `w${i} x${i % 10}`)
    const firsts = run(texts, { count: 100, nearest: 1 }).map(({ text }) => text)
    expect(new Set(firsts).size).toBe(100)
  })

  it('the share of neighbours is the one asked for', () => {
    // A text's neighbours share its second word; of random pairs 1 in 10 does.
    const texts = Array.from({ length: 500 }, (_, i) => `w${i} x${i % 10}`)
    const group = (one: string) => one.split(' ')[1]
    const share = (nearest: number) => {
      const made = run(texts, { count: 1000, nearest })
      return made.filter(({ text, pair }) => group(text) === group(pair!)).length / made.length
    }
    expect(share(1)).toBe(1)
    // 0.55 expected, standard deviation 0.016.
    expect(Math.abs(share(0.5) - 0.55)).toBeLessThan(0.08)
    expect(share(0)).toBeLessThan(0.17)
  })

  it('reports progress and stops on request', () => {
    const events: ProgressEvent[] = []
    const texts = Array.from({ length: 100 }, (_, i) => `w${i}`)
    run(texts, { count: 20, onProgress: (event) => events.push(event) })
    expect(events.at(-1)).toMatchObject({ stage: 'augment', name: 'pair', done: 20, total: 20, unit: 'examples' })
    const controller = new AbortController()
    const stopped = () => {
      for (const _ of pairUp(texts, { seed: 1, count: 20, signal: controller.signal })) controller.abort()
    }
    expect(stopped).toThrow(expect.objectContaining({ kind: 'aborted' }))
  })

  it.each([
    ['count', { count: 0 }],
    ['count', { count: 1.5 }],
    ['nearest', { nearest: 1.1 }],
    ['nearest', { nearest: Number.NaN }],
    ['neighbours', { neighbours: 0 }],
    ['sides', { sides: 'both' as 'any' }],
    ['seed', { seed: -1 }],
  ])('option %s, at once: %j', (option, options) => {
    expect(() => pairUp(['a', 'b'], { seed: 1, count: 1, ...options })).toThrow(
      expect.objectContaining({ kind: 'option', where: { option } }),
    )
  })

  it.each([
    [[]],
    [['a', 'a', ' ']],
    [[{ text: 'a', pair: '' }]],
    [
      [
        { text: 'a', pair: '' },
        { text: 'b', pair: ' ' },
      ],
    ],
  ])('too few texts, at once: %j', (texts) => {
    expect(() => pairUp(texts, { seed: 1, count: 1 })).toThrow(/different texts.*make no pair/)
  })
})

describe('neighbours', () => {
  it('are the nearest by cosine, as comparing each with each finds them', () => {
    const random = new Random(3)
    const texts = Array.from({ length: 120 }, (_, i) =>
      Array.from({ length: 6 }, (_, k) => `w${Math.floor(60 * random.at(i, k).uniform() ** 2)}`).join(' '),
    )
    const distinct = [...new Set(texts)]
    const terms = distinct.map(termsOf)
    const counts = new Map<string, number>()
    for (const set of terms) for (const term of set) counts.set(term, (counts.get(term) ?? 0) + 1)
    const weight = (term: string) => Math.log(1 + distinct.length / counts.get(term)!) ** 2
    const sum = (all: Iterable<string>) => [...all].reduce((total, term) => total + weight(term), 0)
    const cosine = (a: number, b: number) =>
      sum([...terms[a]!].filter((term) => terms[b]!.has(term))) / Math.sqrt(sum(terms[a]!) * sum(terms[b]!))
    const index = new Neighbours(distinct, Uint32Array.from(distinct.keys()))
    for (let a = 0; a < distinct.length; a++) {
      const expected = [...distinct.keys()]
        .filter((b) => b !== a)
        .map((b) => cosine(a, b))
        .sort((x, y) => y - x)
      const found = index.of(a, 5).map((b) => cosine(a, b))
      for (const [rank, score] of found.entries()) expect(score).toBeCloseTo(expected[rank]!, 6)
    }
  })

  it('finds only what may be found, nothing for a text without words in common', () => {
    const index = new Neighbours(['a b', 'b c', 'b d', 'x', '!?'], Uint32Array.of(2, 3))
    expect(index.of(0, 5)).toEqual([2])
    expect(index.of(3, 5)).toEqual([])
    expect(index.of(4, 5)).toEqual([])
  })

  it('visits some of the texts where all share a word', () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `what t${i}`)
    const index = new Neighbours(texts, Uint32Array.from(texts.keys()))
    expect([index.of(0, 3), index.of(2500, 3)]).toEqual([
      [1, 2, 3],
      [2000, 2001, 2002],
    ])
  })

  it.each([
    ["What's the Best café, and why?", ['what', 's', 'the', 'best', 'café', 'and', 'why']],
    ['東京大学 is 5', ['東京', '京大', '大学', 'is', '5']],
    ['好 你', ['好', '你']],
    ['🙂 !', []],
  ])('terms of %s', (text, terms) => {
    expect([...termsOf(text)]).toEqual(terms)
  })
})
