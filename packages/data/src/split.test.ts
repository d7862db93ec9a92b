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
      expect(() => split(many(100), { seed: 1, together: 'phrases' as 'equal' })).toThrow(/neither equal nor contained/)
    })
  })
})
