import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataset, type Example, KdError, type ProgressEvent, Random, type Task } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { bilstm } from '@kd/students'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pairs, teacher as pairTeacher } from '../fixtures/pairs.ts'
import type { DistillOptions } from './distill/options.ts'
import { distill } from './distill.ts'

const task: Task = { name: 'moods', labels: ['sad', 'glad'], pairs: false, metrics: ['accuracy', 'f1'] }
const glad = ['fine', 'warm', 'bright', 'kind']
const sad = ['grey', 'cold', 'dull', 'harsh']

/** Texts of four words, one of which decides the label. */
const examples = Array.from({ length: 200 }, (_, index): Example => {
  const random = new Random(1, 'moods').at(index)
  const label = index % 2
  return { text: `a ${(label ? glad : sad)[random.integer(4)]} day ${index}`, label }
})

const teacher = fakeTeacher({
  labels: task.labels,
  logitsOf: ({ text }) => (glad.some((word) => text.includes(word)) ? [-2, 2] : [2, -2]),
})
const quick = {
  data: dataset(task, examples),
  teacher,
  augment: { perExample: 2, replace: 0 },
  student: bilstm({ dimensions: 8, hidden: 4, dense: 8, dropout: 0 }),
  training: { steps: 30, batchSize: 32, learningRate: 0.05 },
  latencyRuns: 3,
} satisfies DistillOptions

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-distill-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('distill', () => {
  it('gives a student, the teacher, and a report with all rows', async () => {
    const events: ProgressEvent[] = []
    const {
      student,
      report,
      teacher: same,
    } = await distill({ ...quick, seeds: [1, 2], title: 'moods made up', onProgress: (e) => events.push(e) })
    expect(same).toBe(teacher)
    expect((await student.predict('a warm day')).label).toBe('glad')
    expect(report.rows.map(({ name }) => name)).toEqual(['teacher', 'alone-random', 'alone', 'distilled'])
    for (const { metrics } of report.rows) {
      expect(Object.keys(metrics)).toEqual(['accuracy', 'f1'])
      expect([metrics.accuracy!.validation.length, metrics.accuracy!.test.length]).toEqual([2, 2])
    }
    const { train, validation, test, transfer, excluded } = report.data
    expect(train! + validation! + test!).toBe(200)
    expect(transfer! + excluded!).toBeGreaterThan(train!)
    expect(report.settings).toMatchObject({ optimizer: 'adam', batch: 32, steps: 30, dimensions: 8, hidden: 4, vectors: 'random' })
    expect(report.settings.augment).toEqual({ perExample: 2, mask: 0.1, replace: 0, ngram: 0.25 })
    expect(Object.keys(report.seconds)).toEqual(['augment', 'label', 'train', 'evaluate', 'total'])
    expect(report.toString()).toMatch(/^moods made up: 170 train/)
    expect([...new Set(events.map(({ stage }) => stage))]).toEqual(['augment', 'label', 'evaluate', 'measure', 'train'])
    expect(events.filter(({ stage }) => stage === 'train').map(({ name }) => name)).toContain('distilled, seed 2')
    student.dispose()
  })

  it('reads a file, maps its labels to the teacher, and goes on from its cache', async () => {
    const file = join(folder, 'moods.csv')
    writeFileSync(file, `review,mood\n${examples.map(({ text, label }) => `${text},${label ? ':)' : ':('}\n`).join('')}`)
    let asked = 0
    const counting = fakeTeacher({
      labels: task.labels,
      logitsOf: ({ text }) => (glad.some((word) => text.includes(word)) ? [-2, 2] : [2, -2]),
      onBatch: (batch) => void (asked += batch.length),
    })
    const options: DistillOptions = {
      ...quick,
      data: file,
      teacher: counting,
      columns: { text: 'review', label: 'mood' },
      labelMap: { ':)': 'glad', ':(': 'sad' },
      baselines: [],
      cache: join(folder, 'cache'),
    }
    const first = await distill(options)
    expect(first.report.rows.map(({ name }) => name)).toEqual(['teacher', 'distilled'])
    expect(first.student.labels).toEqual(task.labels)
    const before = asked
    const second = await distill(options)
    // Evaluating and timing the teacher, but no labelling.
    expect(asked - before).toBe(second.report.data.validation! + second.report.data.test! + 20 + 3)
    expect(second.student.weights()).toEqual(first.student.weights())
    first.student.dispose()
    second.student.dispose()
  })

  it('takes parts as they are given, and labels in another order', async () => {
    const other = fakeTeacher({
      labels: ['GLAD', 'SAD'],
      logitsOf: ({ text }) => (glad.some((word) => text.includes(word)) ? [2, -2] : [-2, 2]),
    })
    const { student, report } = await distill({
      ...quick,
      data: { train: dataset(task, examples.slice(0, 150)), test: dataset(task, examples.slice(140)) },
      teacher: other,
      labelMap: { glad: 'GLAD', sad: 'SAD' },
      augment: false,
      baselines: ['alone'],
    })
    expect(report.data).toMatchObject({ test: 60, excluded: 10 })
    expect(report.rows[0]!.metrics.accuracy!.test).toEqual([1])
    expect((await student.predict('a cold day')).label).toBe('sad')
    student.dispose()
  })

  it('pairs from a file: the student of pairs by default, accuracy and F1', async () => {
    const file = join(folder, 'alike.csv')
    const { examples } = pairs(200, 1)
    writeFileSync(
      file,
      `one,other,alike\n${examples.map(({ text, pair, label }, i) => `${text} ${i},${pair} ${i} too,${label}\n`).join('')}`,
    )
    const { student, report } = await distill({
      ...quick,
      data: file,
      columns: { text: 'one', pair: 'other', label: 'alike' },
      labelMap: { 0: 'different', 1: 'alike' },
      teacher: pairTeacher,
      student: undefined,
      baselines: [],
      training: { steps: 2, batchSize: 32 },
    })
    expect(student.description.student).toBe('siamese')
    expect(Object.keys(report.rows[0]!.metrics)).toEqual(['accuracy', 'f1'])
    expect(report.rows[0]!.metrics.f1!.test).toEqual([1])
    expect(report.toString()).toMatch(/accuracy +f1 +gap/)
    expect(report.settings.augment).toMatchObject({ perExample: 2 })
    expect(report.data.transfer).toBeGreaterThan(200)
    student.dispose()
  })

  it('leaves no tensor behind', async () => {
    const run = async () => (await distill({ ...quick, training: { ...quick.training, steps: 2 } })).student.dispose()
    await run()
    const before = tf.memory().numTensors
    await run()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('what goes wrong', () => {
  const unlabelled = dataset(
    task,
    examples.map(({ text }) => ({ text })),
  )
  const cases: [string, Partial<DistillOptions>, string, RegExp][] = [
    ['no data', { data: undefined }, 'option', /option data/],
    ['no teacher', { teacher: undefined }, 'option', /option teacher.*@kd\/teacher-sst2/],
    ['no seed', { seeds: [] }, 'option', /option seeds/],
    ['a seed twice', { seeds: [1, 1] }, 'option', /option seeds/],
    ['a baseline that is none', { baselines: ['alone-bert' as 'alone'] }, 'option', /option baselines/],
    ['a learning rate below 0', { training: { learningRate: -1 } }, 'option', /option learningRate/],
    ['a rate of masking above 1', { augment: { mask: 2 } }, 'option', /option mask/],
    ['a missing file', { data: '/nowhere/reviews.csv' }, 'missing', /reviews.csv/],
    ['no labels', { data: unlabelled }, 'data', /no example has a label/],
    ['a teacher of another task', { teacher: fakeTeacher({ labels: ['a', 'b', 'c'] }) }, 'mismatch', /a, b, c/],
    ['a teacher near chance', { teacher: fakeTeacher({ labels: task.labels, logitsOf: () => [1, 0] }) }, 'teacher', /near chance/],
    ['a signal', { signal: AbortSignal.abort() }, 'aborted', /stopped on request/],
  ]
  it.each(cases)('%s is an error before any work', async (_, part, kind, message) => {
    const error: unknown = await distill({ ...quick, ...part } as DistillOptions).catch((error) => error)
    expect((error as Error).message).toMatch(message)
    expect(KdError.isInstance(error, kind as KdError['kind'])).toBe(true)
  })

  it.each(['augment', 'label', 'evaluate', 'measure', 'train'])('Ctrl-C while it is at the stage %s stops it', async (stage) => {
    const controller = new AbortController()
    const error: unknown = await distill({
      ...quick,
      signal: controller.signal,
      onProgress: (event) => event.stage === stage && controller.abort(),
    }).catch((error) => error)
    expect(KdError.isInstance(error, 'aborted')).toBe(true)
  })
})
