import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataset, KdError, type Task, type Teacher } from '@kd/core'
import { readExamples } from '@kd/data'
import { crossEntropy, logitsMse, mix } from '@kd/losses'
import { bilstm } from '@kd/students'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type UnrulyServer, unrulyServer } from '../../fixtures/unruly-server.ts'
import { labelTransferSet } from '../labelling/label-transfer-set.ts'
import { train } from '../train/train.ts'
import { ensembleTeacher } from './ensemble-teacher.ts'
import { fileTeacher } from './file-teacher.ts'
import { functionTeacher } from './function-teacher.ts'
import { httpTeacher } from './http-teacher.ts'

const labels = ['no', 'yes']
const answer = (text: string) => (text.includes('warm') ? [0.1, 0.9] : [0.8, 0.2])
const texts = Array.from({ length: 24 }, (_, index) => `${index % 2 ? 'warm' : 'cold'} number ${index}`)
let folder: string
let server: UnrulyServer
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kd-unlabelled-'))
  writeFileSync(join(folder, 'texts.csv'), `text\n${texts.join('\n')}\n`)
  const rows = texts.map((text) => [text, ...answer(text)].join(','))
  writeFileSync(join(folder, 'answers.csv'), `text,probability_no,probability_yes\n${rows.join('\n')}\n`)
  server = await unrulyServer()
  server.answer = (texts) => ({ probabilities: texts.map(answer) })
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.close()
})

const byFunction = () =>
  functionTeacher({ name: 'f@1', labels, answer: (examples) => ({ probabilities: examples.map(({ text }) => answer(text)) }) })
const teachers: [string, () => Teacher | Promise<Teacher>][] = [
  ['an object', () => ({ name: 'o@1', labels, logits: (examples) => byFunction().logits(examples) })],
  ['a function', byFunction],
  ['a file', () => fileTeacher(join(folder, 'answers.csv'))],
  ['a service', () => httpTeacher({ url: server.url, labels })],
  ['an ensemble', () => ensembleTeacher([byFunction(), byFunction()], { mean: 'probabilities' })],
]

describe.each(teachers)('%s as the teacher', (_, make) => {
  it('labels a file of texts alone, and a student is trained on it', async () => {
    const teacher = await make()
    const examples = await readExamples(join(folder, 'texts.csv'))
    expect(examples.task.labels).toEqual([])
    const labelled = await labelTransferSet(examples, teacher, { store: join(folder, 'logits.lmdb') })
    expect([labelled.length, labelled.labels]).toEqual([24, labels])
    const margins = [...labelled].map(({ logits }) => logits[1]! - logits[0]!)
    expect(margins).toEqual(texts.map((text) => expect.closeTo(text.includes('warm') ? Math.log(9) : -Math.log(4), 5)))
    // With a loss that needs labels, the teacher's own stand in for them.
    const loss = mix([
      [0.5, logitsMse()],
      [0.5, crossEntropy()],
    ])
    const training = { steps: 4, batchSize: 24, learningRate: 0.01, loss }
    const { student, steps } = await train(bilstm({ dimensions: 4, hidden: 4, dense: 4 }), labelled, training)
    expect([steps, student.labels]).toEqual([4, labels])
    student.dispose()
  })

  it('is checked against the names and the order of the data, or mapped', async () => {
    const teacher = await make()
    const task = (labels: readonly string[]): Task => ({ name: 'any', labels, pairs: false, metrics: ['accuracy'] })
    const data = (labels: readonly string[]) =>
      dataset(
        task(labels),
        texts.map((text) => ({ text })),
      )
    for (const other of [
      ['yes', 'no'],
      ['cold', 'warm'],
      ['no', 'yes', 'maybe'],
    ]) {
      const error = await labelTransferSet(data(other), teacher).catch((error) => error)
      expect(KdError.isInstance(error, 'mismatch'), other.join()).toBe(true)
    }
    const mapped = await labelTransferSet(data(['warm', 'cold']), teacher, { labelMap: { warm: 'yes', cold: 'no' } })
    expect(mapped.logits[0]! < mapped.logits[1]!).toBe(true)
    expect(mapped.logits[2]! > mapped.logits[3]!).toBe(true)
  })
})
