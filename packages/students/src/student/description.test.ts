import { KdError } from '@kd/core'
import { expect, test } from 'vitest'
import { type BilstmOptions, bilstm } from '../index.ts'

const vectors = { name: 'of a test', dimensions: 50, vectorsFor: async () => new Float32Array(0) }

test("defaults are the paper's; without vectors a description is plain JSON", () => {
  const description = bilstm()
  expect(description).toMatchObject({ student: 'bilstm', hidden: 150, dense: 200, dimensions: 300, channels: 'trainable' })
  expect(JSON.parse(JSON.stringify(description))).toEqual(description)
})

test('dimensions are those of the vectors', () => {
  expect(bilstm({ vectors })).toMatchObject({ dimensions: 50, vectors })
})

test('dropout: one rate for words and states, or each by name', () => {
  expect(bilstm({ dropout: 0 }).dropout).toEqual({ words: 0, states: 0, dense: 0 })
  expect(bilstm({ dropout: 0.4 }).dropout).toEqual({ words: 0.4, states: 0.4, dense: 0 })
  expect(bilstm({ dropout: { dense: 0.2 } }).dropout).toEqual({ words: 0.3, states: 0.3, dense: 0.2 })
})

test.each<[option: string, options: object]>([
  ['hidden', { hidden: 0 }],
  ['hidden', { hidden: 1.5 }],
  ['dense', { dense: Number.NaN }],
  ['dimensions', { dimensions: -1 }],
  ['dimensions', { vectors, dimensions: 100 }],
  ['channels', { channels: 'three' }],
  ['dropout', { dropout: 1 }],
  ['dropout', { dropout: { words: -0.1 } }],
  ['dropout', { dropout: { word: 0.1 } }],
  ['maxLength', { maxLength: 0 }],
  ['vocabularySize', { vocabularySize: 3 }],
])('refuses a wrong %s: %j', (option, options) => {
  const describe = () => bilstm(options as BilstmOptions)
  expect(describe).toThrow(KdError)
  expect(describe).toThrow(expect.objectContaining({ kind: 'option', where: { option } }))
})
