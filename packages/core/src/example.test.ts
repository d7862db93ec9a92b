import { expect, it } from 'vitest'
import { dataset, type Task, textKey } from './example.ts'

const task: Task = { name: 'film', labels: ['bad', 'good'], pairs: false, metrics: ['accuracy'] }

it('a dataset iterates over its examples, as often as asked', () => {
  const examples = [{ text: 'a warm film', label: 1 }, { text: 'dull' }]
  const set = dataset(task, examples)
  expect(set).toMatchObject({ task, examples, length: 2 })
  expect([...set]).toEqual(examples)
  expect([...set]).toEqual(examples)
})

it('a text is told from a pair with the same characters', () => {
  const keys = [{ text: 'ab' }, { text: 'a', pair: 'b' }, { text: '', pair: 'ab' }, { text: 'ab', pair: '' }].map(textKey)
  expect(new Set(keys).size).toBe(4)
  expect(textKey({ text: 'ab', label: 1 })).toBe(textKey({ text: 'ab' }))
})
