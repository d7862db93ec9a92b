import { type Dataset, dataset, type Task } from '@kd/core'
import type { Student } from '@kd/students'
import { describe, expect, it } from 'vitest'
import { fitThreshold } from './fit-threshold.ts'

const task: Task = { name: 'pairs', labels: ['different', 'same'], pairs: false, metrics: ['accuracy', 'f1'] }

/** A student whose margin is the text as a number, plus what the bias says. */
function studentOf() {
  let bias: Float32Array = Float32Array.of(0.5, 0.5)
  return {
    labels: task.labels,
    logits: async (examples: readonly { text: string }[]) =>
      Float32Array.from(examples.flatMap(({ text }) => [bias[0]! - Number(text) / 2, bias[1]! + Number(text) / 2])),
    weights: () => ({ 'logits.bias': bias.slice(), 'dense.bias': Float32Array.of(1) }),
    setWeights(weights: Record<string, Float32Array>) {
      expect([...weights['dense.bias']!]).toEqual([1])
      bias = weights['logits.bias']!
    },
    bias: () => [...bias],
  } as unknown as Student & { bias(): number[] }
}

const of = (rows: readonly (readonly [margin: number, label: number])[], changes: Partial<Task> = {}): Dataset =>
  dataset(
    { ...task, ...changes },
    rows.map(([margin, label]) => ({ text: String(margin), label })),
  )

/** Labels drawn by the probability sigmoid(1.4 margin + 0.3). */
const drawn = Array.from({ length: 400 }, (_, i) => {
  const margin = ((i * 37) % 400) / 50 - 4.5
  return [margin, Number(((i * 7919) % 1000) / 1000 < 1 / (1 + Math.exp(-(1.4 * margin + 0.3))))] as const
})

describe('fitThreshold', () => {
  it('moves the point to where accuracy and F1 are best by expectation', async () => {
    const student = studentOf()
    const { shift, before, after, undo } = await fitThreshold(student, of(drawn))
    // The same in NumPy: Platt scaling without a ridge, then the best of all points.
    expect(shift).toBeCloseTo(0.35, 3)
    expect(after).toBeGreaterThan(before)
    const [first, second] = student.bias() as [number, number]
    expect(second - first).toBeCloseTo(shift, 6)
    expect(second + first).toBeCloseTo(1, 6)
    undo()
    expect(student.bias()).toEqual([0.5, 0.5])
  })

  it('leaves labels that are told apart without an error as they are', async () => {
    const apart = Array.from({ length: 20 }, (_, i) => [i - 9.5, Number(i >= 10)] as const)
    expect(await fitThreshold(studentOf(), of(apart))).toMatchObject({ before: 1, after: 1 })
    const late = Array.from({ length: 20 }, (_, i) => [i - 9.5, Number(i >= 14)] as const)
    expect((await fitThreshold(studentOf(), of(late))).after).toBe(1)
  })

  it('is refused for other tasks, and for one label alone', async () => {
    const refused = (data: Dataset) => expect(fitThreshold(studentOf(), data)).rejects
    await refused(of(drawn, { metrics: ['mcc'] })).toMatchObject({ kind: 'option', where: { option: 'validation' } })
    await refused(of(drawn, { labels: ['different', 'same', 'opposite'] })).toThrow(/two classes/)
    await refused(of(drawn, { labels: ['same', 'different'] })).toMatchObject({ kind: 'mismatch' })
    await refused(of(drawn.filter(([, label]) => label === 1))).toMatchObject({ kind: 'data' })
  })
})
