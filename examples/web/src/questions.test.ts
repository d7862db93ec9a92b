import { expect, test } from 'vitest'
import { readQuestions, search } from './questions.ts'

/** Reads a question as its length; the nearest length is the likeliest. */
const student = {
  encode: (texts: readonly string[]) => ({ length: texts.length, states: Float32Array.from(texts, ({ length }) => length) }),
  compare: (text: string, { states }: { states: Float32Array }) => ({
    logits: states,
    top: (k: number) =>
      Array.from(states, (length, index) => ({ index, probability: 1 / (1 + Math.abs(length - text.length)), logits: [] }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, k),
  }),
}

test('questions are read in parts and found by their place in the whole', async () => {
  const questions = Array.from({ length: 120 }, (_, n) => 'x'.repeat(n))
  const known = await readQuestions(student, questions)
  expect([...known.encoded.states]).toEqual([...questions.keys()])
  expect(known.encoded.length).toBe(120)
  const found = search(student, known, 'x'.repeat(101))
  expect(found[0]).toEqual({ question: 'x'.repeat(101), probability: 1 })
  expect(found).toHaveLength(5)
})

test('no question, nothing found', async () => {
  expect(search(student, await readQuestions(student, []), 'x')).toEqual([])
})
