import { existsSync } from 'node:fs'
import { dataset, type Task } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { Vocabulary } from '@kd/runtime'
import { bilstm, createStudent } from '@kd/students'
import { describe, expect, it } from 'vitest'
import { createReport } from '../report/report.ts'
import { measure } from './measure.ts'
import { measurePacked } from './measure-packed.ts'

const task: Task = { name: 'signs', labels: ['negative', 'positive'], pairs: false, metrics: ['accuracy', 'f1'] }
const validation = dataset(task, [{ text: '+', label: 1 }])
const test = dataset(task, [
  { text: '+', label: 1 },
  { text: '-', label: 1 },
])

describe('measure', () => {
  it('makes a row of the report, a value for each seed', async () => {
    let asked = 0
    const good = {
      ...fakeTeacher({ onBatch: (batch) => void (asked += batch.length) }),
      parameters: { total: 3, withoutEmbeddings: 1 },
      bytes: 9,
    }
    const bad = fakeTeacher({ logitsOf: () => [1, 0] })
    const row = await measure('teacher', [good, bad, good], { validation, test, latencyRuns: 5 })
    expect(row).toMatchObject({
      name: 'teacher',
      metrics: { accuracy: { validation: [1, 0, 1], test: [0.5, 0, 0.5] }, f1: { validation: [1, 0, 1], test: [2 / 3, 0, 2 / 3] } },
      parameters: { total: 3, withoutEmbeddings: 1 },
      bytes: 9,
    })
    expect(row.latencyMs!.p95).toBeGreaterThanOrEqual(row.latencyMs!.p50)
    // Both parts once, and the sentences that are timed.
    expect(asked).toBe(3 + 20 + 5)
    createReport({ task: 'signs', seeds: [1, 2, 3], data: {}, settings: {}, seconds: {}, rows: [row] })
  })

  it('weighs what a model saves, and leaves nothing behind', async () => {
    let folder = ''
    const save = async (path: string) => {
      folder = path
      return { bytes: 1234 }
    }
    const student = { ...fakeTeacher(), save }
    expect((await measure('student', [student], { test, latencyRuns: 1 })).bytes).toBe(1234)
    expect(existsSync(folder)).toBe(false)
    expect((await measure('function', [fakeTeacher()], { test, latencyRuns: 1 })).bytes).toBeUndefined()
  })
})

describe('measurePacked', () => {
  it('asks students as they are served', async () => {
    const description = bilstm({ dimensions: 8, hidden: 8, dense: 8 })
    const vocabulary = Vocabulary.build(['+ - a film'])
    const students = await Promise.all([1, 2].map((seed) => createStudent(description, { labels: task.labels, vocabulary, seed })))
    const row = await measurePacked('distilled int8', students, { validation, test, compared: test.examples, latencyRuns: 5 })
    const float = await measure('distilled', students, { validation, test, latencyRuns: 5 })
    expect(row.metrics).toEqual(float.metrics)
    expect(row.parameters).toEqual(float.parameters)
    expect(row.bytes).toBeLessThan(float.bytes!)
    expect(row.sameLabel).toEqual({ share: 1, examples: 2 })
    expect((await measurePacked('distilled int4', students, { test, weights: 'int4', latencyRuns: 1 })).sameLabel).toBeUndefined()
    await expect(measurePacked('none', [], { test })).rejects.toMatchObject({ kind: 'option' })
    for (const student of students) student.dispose()
  })
})
