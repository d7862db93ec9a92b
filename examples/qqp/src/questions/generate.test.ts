import { expect, it } from 'vitest'
import { generatedData } from '../data.ts'
import { type Part, questionPairs } from './generate.ts'
import { kinds } from './templates.ts'

const parts: readonly Part[] = ['train', 'validation', 'test']

it('has no template in two parts, of one kind or of several', () => {
  const templates = parts.flatMap((part) => kinds.flatMap((kind) => kind[part]))
  expect(new Set(templates).size).toBe(templates.length)
})

it('gives 3,000 questions and more, no pair twice in either order, no pair of equal questions', () => {
  const pairs = questionPairs('train', 4000, 1)
  expect(pairs).toHaveLength(4000)
  expect(new Set(pairs.flatMap(({ text, pair }) => [text, pair])).size).toBeGreaterThan(3000)
  expect(new Set(pairs.map(({ text, pair }) => [text, pair].sort().join('|'))).size).toBe(4000)
  expect(pairs.every(({ text, pair }) => text !== pair)).toBe(true)
})

it('makes the same pairs of the same seed, others of another, and both labels', () => {
  const pairs = questionPairs('test', 200, 3)
  expect(questionPairs('test', 200, 3)).toEqual(pairs)
  expect(questionPairs('test', 200, 4)).not.toEqual(pairs)
  const duplicates = pairs.filter(({ label }) => label === 1).length
  expect(duplicates).toBeGreaterThan(50)
  expect(duplicates).toBeLessThan(120)
})

it('labels by meaning: one wording of two meanings never occurs', () => {
  for (const part of parts) {
    const label = new Map<string, number>()
    for (let seed = 1; seed <= 2; seed++) {
      for (const { text, pair, label: given } of questionPairs(part, 600, seed)) {
        const key = [text, pair].sort().join('|')
        expect(label.get(key) ?? given, key).toBe(given)
        label.set(key, given!)
      }
    }
  }
})

it('leaves most of the training pairs without labels, and shares no question between the parts', () => {
  const { train, unlabelled, validation, test } = generatedData({ labelled: 100, unlabelled: 900, validation: 200, test: 200 })
  expect(train.examples.every(({ label }) => label !== undefined)).toBe(true)
  expect(unlabelled.every((example) => !('label' in example))).toBe(true)
  const questions = (examples: Iterable<{ text: string; pair?: string }>) =>
    new Set([...examples].flatMap(({ text, pair }) => [text, pair!]))
  const seen = questions([...train, ...unlabelled])
  const held = [questions(validation), questions(test)]
  for (const part of held) expect([...part].filter((question) => seen.has(question))).toEqual([])
  expect([...held[0]!].filter((question) => held[1]!.has(question))).toEqual([])
})
