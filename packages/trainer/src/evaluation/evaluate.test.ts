import { dataset, type Example, KdError, type Task } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { describe, expect, it } from 'vitest'
import { evaluate } from './evaluate.ts'
import { latency } from './latency.ts'

const task: Task = { name: 'signs', labels: ['negative', 'positive'], pairs: false, metrics: ['accuracy', 'f1'] }
const examples: Example[] = [
  { text: 'good ++', label: 1 },
  { text: 'bad -', label: 0 },
  { text: 'worse ---', label: 0 },
  { text: 'sly -', label: 1 },
]

describe('evaluate', () => {
  it('gives the metrics of the task, predictions and logits in the order of the examples', async () => {
    const { metrics, predictions, logits, examples: count } = await evaluate(fakeTeacher(), dataset(task, examples), { batchSize: 3 })
    expect(metrics).toEqual({ accuracy: 0.75, f1: 2 / 3 })
    expect([...predictions]).toEqual([1, 0, 0, 0])
    expect([...logits]).toEqual([-2, 2, 1, -1, 3, -3, 1, -1])
    expect(count).toBe(4)
  })

  it('takes labels in another order when they are mapped, and refuses them when not', async () => {
    const swapped = fakeTeacher({ labels: ['POS', 'NEG'] })
    const labelMap = { positive: 'POS', negative: 'NEG' }
    const { metrics, logits } = await evaluate(swapped, dataset(task, examples), { labelMap })
    expect(metrics.accuracy).toBe(0.25)
    expect([...logits.subarray(0, 2)]).toEqual([2, -2])
    await expect(evaluate(swapped, dataset(task, examples))).rejects.toThrow(/POS, NEG.*labelMap: { "negative": "POS", "positive": "NEG" }/)
  })

  const broken: [string, () => Promise<unknown>, RegExp][] = [
    ['no example', () => evaluate(fakeTeacher(), dataset(task, [])), /no example/],
    ['no label', () => evaluate(fakeTeacher(), dataset(task, [...examples, { text: 'x' }])), /example 4 has no label/],
    [
      'NaN',
      () => evaluate(fakeTeacher({ logitsOf: ({ text }) => [0, text === 'bad -' ? Number.NaN : 0] }), dataset(task, examples)),
      /NaN for text 1, "bad -"/,
    ],
    ['batchSize', () => evaluate(fakeTeacher(), dataset(task, examples), { batchSize: 0 }), /option batchSize/],
    ['signal', () => evaluate(fakeTeacher(), dataset(task, examples), { signal: AbortSignal.abort() }), /stopped on request/],
  ]
  it.each(broken)('%s is a clear error', async (_, work, message) => {
    const error: unknown = await work().catch((error) => error)
    expect(KdError.isInstance(error)).toBe(true)
    expect((error as KdError).message).toMatch(message)
  })
})

describe('latency', () => {
  it('times single texts after the warm-up, in turn', async () => {
    const asked: string[] = []
    const teacher = fakeTeacher({ onBatch: ([example]) => void asked.push(example!.text) })
    const { p50, p95 } = await latency(teacher, ['a', { text: 'b' }], { warmUp: 1, runs: 3 })
    expect(asked).toEqual(['a', 'b', 'a', 'b'])
    expect(p50).toBeGreaterThanOrEqual(0)
    expect(p95).toBeGreaterThanOrEqual(p50)
  })

  it('finds the slow ones', async () => {
    let calls = 0
    const slow = fakeTeacher({ onBatch: () => new Promise((resolve) => setTimeout(resolve, calls++ % 5 === 0 ? 25 : 0)) })
    const { p50, p95 } = await latency(slow, ['a'], { warmUp: 0, runs: 20 })
    expect(p95).toBeGreaterThan(20)
    expect(p50).toBeLessThan(20)
  })

  it('refuses nothing to time and ranges that make no sense', async () => {
    await expect(latency(fakeTeacher(), [])).rejects.toThrow(/no text/)
    await expect(latency(fakeTeacher(), ['a'], { runs: 0 })).rejects.toThrow(/option runs/)
  })
})
