import { dataset, type Example } from '@kd/core'
import { expect, it } from 'vitest'
import { pairs, teacher } from '../../fixtures/pairs.ts'
import { readParts } from './inputs.ts'

it('of unlabelled pairs, those that share a text with a held-out pair are left out', async () => {
  const { task } = pairs(1, 1)
  const pair = (n: number, label?: number): Example => ({ text: `question ${n}`, pair: `other ${n}`, label })
  const labelled = Array.from({ length: 100 }, (_, n) => pair(n, n % 2))
  const strangers = Array.from({ length: 5 }, (_, n) => pair(1000 + n))
  const mixed = Array.from({ length: 100 }, (_, n): Example => ({ text: `new ${n}`, pair: `question ${n}` }))
  const data = dataset(task, [...labelled, ...strangers, ...mixed])
  const { train, validation, test } = await readParts({ data, teacher }, teacher, 1)
  const heldOut = new Set([...validation, ...test].flatMap(({ text, pair }) => [text, pair]))
  expect([validation.length, test.length]).toEqual([5, 10])
  expect(train.examples.filter(({ text, pair }) => heldOut.has(text) || heldOut.has(pair))).toEqual([])
  expect(train.length).toBe(85 + 5 + 85)
})
