import { dataset, type Example, type Task } from '@kd/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { split } from './index.ts'

const task: Task = { name: 'fake', labels: ['a', 'b', 'c'], pairs: false, metrics: ['accuracy'] }
const many = (count: number, labels = 2) =>
  dataset(
    task,
    Array.from({ length: count }, (_, i) => ({ text: `text ${i}`, label: i % labels })),
  )

const examples = fc.array(fc.record({ text: fc.integer({ min: 0, max: 60 }).map(String), label: fc.nat(2) }, { requiredKeys: ['text'] }), {
  minLength: 40,
  maxLength: 300,
})

describe('split', () => {
  it('each example in one part, equal texts together, order kept, the same for the same seed', () => {
    fc.assert(
      fc.property(examples, fc.nat(1000), (all: Example[], seed) => {
        const whole = dataset(task, all)
        const options = { seed, validation: 0.2, test: 0.3 }
        const { train, validation, test } = split(whole, options)
        const parts = [train, validation, test].map((part) => part.examples)
        expect(parts.flat().length).toBe(all.length)
        expect(new Set(parts.flat())).toEqual(new Set(all))
        const texts = parts.map((part) => new Set(part.map(({ text }) => text)))
        expect(texts.reduce((sum, set) => sum + set.size, 0)).toBe(new Set(all.map(({ text }) => text)).size)
        for (const part of parts) {
          const positions = part.map((example) => all.indexOf(example))
          expect(positions).toEqual([...positions].sort((a, b) => a - b))
        }
        expect(split(whole, options).test.examples).toEqual(test.examples)
      }),
    )
  })

  it('each label has its share of each part', () => {
    const { train, validation, test } = split(many(1000), { seed: 3 })
    for (const [part, size] of [
      [train, 850],
      [validation, 50],
      [test, 100],
    ] as const) {
      expect(part.length).toBe(size)
      expect(part.examples.filter(({ label }) => label === 0).length).toBe(size / 2)
      expect(part.task).toBe(task)
    }
  })

  it('what rounding takes from one label it gives to the next', () => {
    expect(split(many(99, 3), { seed: 1, validation: 0.1, test: 0.1 }).test.length).toBe(10)
  })

  it('other seeds make other parts', () => {
    const texts = (seed: number) => split(many(1000), { seed }).test.examples.map(({ text }) => text)
    const [first, second] = [texts(1), new Set(texts(2))]
    expect(first.filter((text) => second.has(text)).length).toBeLessThan(30) // 10 expected by chance
  })

  it('holds out a validation part alone', () => {
    const { train, validation, test } = split(many(1000), { seed: 1, validation: 0.05, test: 0 })
    expect([train.length, validation.length, test.length]).toEqual([950, 50, 0])
  })

  it('pairs are equal where both texts are', () => {
    const pairs: Example[] = Array.from({ length: 100 }, (_, i) => ({ text: 'same', pair: `other ${i % 50}`, label: 0 }))
    const { train, test } = split(dataset(task, pairs), { seed: 1, test: 0.3 })
    const seen = new Set(train.examples.map(({ pair }) => pair))
    expect(test.examples.some(({ pair }) => seen.has(pair))).toBe(false)
    expect(test.length).toBe(30)
  })

  it.each([
    [{ seed: 1, validation: 1 }, /validation/],
    [{ seed: 1, test: -0.1 }, /test/],
    [{ seed: 1, validation: 0.5, test: 0.5 }, /nothing to train on/],
    [{ seed: 0.5 }, /seed/],
  ])('refuses %j', (options, message) => {
    expect(() => split(many(100), options)).toThrow(message)
  })

  it('says which part stays empty', () => {
    expect(() => split(many(3), { seed: 1 })).toThrow(/3 examples leave the test part empty/)
  })

  describe('contained texts together', () => {
    const phrases = fc.array(fc.array(fc.constantFrom(...'abcdefg'), { minLength: 1, maxLength: 9 }), { minLength: 60, maxLength: 120 })

    it('what is held out stands in no text of train', () => {
      fc.assert(
        fc.property(phrases, fc.nat(1000), (all, seed) => {
          const texts = all.map((words) => words.join(' '))
          const whole = dataset(
            task,
            texts.map((text) => ({ text, label: 0 })),
          )
          const parts = split(whole, { seed, validation: 0.3, test: 0, together: 'contained' })
          const train = parts.train.examples.map(({ text }) => ` ${text} `)
          for (const { text } of parts.validation.examples) expect(train.filter((other) => other.includes(` ${text} `))).toEqual([])
          expect(parts.train.length + parts.validation.length).toBe(whole.length)
        }),
      )
    })

    it('a phrase goes with its sentence, one of several sentences to train, words are whole', () => {
      const sentences = Array.from({ length: 20 }, (_, i) => [`this is sentence${i} of all`, `sentence${i} of`, 'of all', `sentence${i}`])
      const whole = dataset(
        task,
        sentences.flatMap((texts, i) => texts.map((text) => ({ text, label: i % 2 }))),
      )
      const { train, validation } = split(whole, { seed: 1, validation: 0.2, test: 0, together: 'contained' })
      const texts = validation.examples.map(({ text }) => text)
      expect(texts.length).toBe(15)
      for (const text of texts.filter((text) => text.startsWith('this'))) {
        const [, , word] = text.split(' ')
        expect(texts).toContain(`${word} of`)
        expect(texts).toContain(word)
      }
      expect(train.examples.filter(({ text }) => text === 'of all')).toHaveLength(20)
    })

    it('refuses pairs, and a way it does not know', () => {
      const pairs = dataset({ ...task, pairs: true }, [{ text: 'a', pair: 'b', label: 0 }])
      expect(() => split(pairs, { seed: 1, together: 'contained' })).toThrow(/single texts/)
      expect(() => split(many(100), { seed: 1, together: 'phrases' as 'equal' })).toThrow(/none of equal, connected, contained/)
    })
  })

  describe('connected pairs together', () => {
    const pairTask: Task = { ...task, pairs: true }
    const texts = fc.integer({ min: 0, max: 90 }).map((id) => (id === 0 ? '' : `text ${id}`))
    const pairs = fc.array(fc.record({ text: texts, pair: texts, label: fc.nat(2) }, { requiredKeys: ['text', 'pair'] }), {
      minLength: 30,
      maxLength: 50,
    })
    /** Pairs of which no two share a text, but every eighth with the one before. */
    const mostlyApart = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ text: `a${i % 8 === 7 ? i - 1 : i}`, pair: `b${i}`, label: i % 2 }))

    it('no text stands in two parts, for any pairs', () => {
      fc.assert(
        fc.property(pairs, fc.nat(1000), (all: Example[], seed) => {
          const whole = dataset(pairTask, [...all, ...mostlyApart(80)])
          const { train, validation, test } = split(whole, { seed, validation: 0.1, test: 0.2 })
          const parts = [train, validation, test]
          expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(whole.length)
          const seen = parts.map((part) => new Set(part.examples.flatMap(({ text, pair }) => [text, pair!]).filter((text) => text !== '')))
          expect(seen.reduce((sum, set) => sum + set.size, 0)).toBe(new Set(seen.flatMap((set) => [...set])).size)
          const again = split(dataset(pairTask, [...whole.examples]), { seed, validation: 0.1, test: 0.2 })
          expect(again.test.examples).toEqual(test.examples)
        }),
        { numRuns: 50 },
      )
    })

    it('labels have their shares to the example, though a large component has one label only', () => {
      const clique = Array.from({ length: 60 }, (_, i) => ({ text: 'hub', pair: `spoke ${i}`, label: 1 }))
      const whole = dataset(pairTask, [...clique, ...mostlyApart(940)])
      const { train, validation, test } = split(whole, { seed: 4, validation: 0.05, test: 0.1 })
      expect([train.length, validation.length, test.length]).toEqual([850, 50, 100])
      expect(test.examples.filter(({ label }) => label === 1)).toHaveLength(53)
    })

    it('large components come into held-out parts as often as their share says', () => {
      const cliques = Array.from({ length: 200 }, (_, i) => ({ text: `hub ${i % 40}`, pair: `spoke ${i}`, label: i % 2 }))
      const whole = dataset(pairTask, [...cliques, ...mostlyApart(600)])
      let held = 0
      for (let seed = 0; seed < 20; seed++)
        held += split(whole, { seed, validation: 0, test: 0.25 }).test.examples.filter(({ text }) => text.startsWith('hub')).length
      // 1,000 of 20 x 200 expected, standard deviation about 60.
      expect(Math.abs(held - 1000)).toBeLessThan(300)
    })

    it('scores are spread over the parts', () => {
      const scored = Array.from({ length: 600 }, (_, i) => ({ text: `a${i}`, pair: `b${i}`, label: (i % 50) / 10 }))
      const { test } = split(dataset({ ...pairTask, labels: ['similarity'] }, scored), { seed: 1 })
      const mean = test.examples.reduce((sum, { label }) => sum + label!, 0) / test.length
      expect([test.length, Math.abs(mean - 2.45) < 0.2]).toEqual([60, true])
    })

    it('is the default of pairs alone; equal pairs alone on request', () => {
      const aspects = Array.from({ length: 100 }, (_, i) => ({ text: `review ${i}`, pair: i % 5 ? 'food' : 'service', label: i % 2 }))
      const whole = dataset(pairTask, aspects)
      expect(() => split(whole, { seed: 1 })).toThrow(
        /hang together by texts that they share in 2 groups, 80 of them in one.*together: 'equal'/,
      )
      expect(split(whole, { seed: 1, together: 'equal' }).test.length).toBe(10)
      const single = many(100)
      expect(split(single, { seed: 1, together: 'connected' }).test.length).toBe(10)
      expect(split(single, { seed: 1 }).test.examples).toEqual(split(single, { seed: 1, together: 'equal' }).test.examples)
    })
  })
})
