import { expect, test } from 'vitest'
import { contributions } from './contributions.ts'

/** Answers "yes" by the sum of its words' weights. */
const weights: Record<number, number> = { 1: -0.5, 3: 2, 4: -1, 5: 0.25 }
const ids: Record<string, number> = { good: 3, bad: 4, film: 5 }
const student = {
  labels: ['no', 'yes'],
  ids: (text: string) => Int32Array.from(text.split(' ').filter(Boolean).slice(0, 4), (word) => ids[word] ?? 1),
  logits: (words: unknown) =>
    Float32Array.of(
      0,
      (words as Int32Array).reduce((sum, id) => sum + weights[id]!, 0),
    ),
}

test('a word is worth what the log-odds of the answer lose without it', () => {
  expect(contributions(student, 'good bad film xyzzy')).toEqual([
    { word: 'good', effect: 2, known: true },
    { word: 'bad', effect: -1, known: true },
    { word: 'film', effect: 0.25, known: true },
    { word: 'xyzzy', effect: -0.5, known: false },
  ])
})

test('against the other answer, the other way round', () => {
  expect(contributions(student, 'bad bad film').map(({ effect }) => effect)).toEqual([1, 1, -0.25])
})

test('one word is compared with a text without words; no word has no part; what is cut off is not listed', () => {
  expect(contributions(student, 'good')).toEqual([{ word: 'good', effect: 2.5, known: true }])
  expect(contributions(student, ' ')).toEqual([])
  expect(contributions(student, 'good good good good good good')).toHaveLength(4)
})

test('several classes: against all others together', () => {
  const three = {
    labels: ['a', 'b', 'c'],
    ids: student.ids,
    logits: (words: unknown) => Float32Array.of(0, 0, (words as Int32Array).length),
  }
  expect(contributions(three, 'good bad')[0]!.effect).toBeCloseTo(1, 6)
})
