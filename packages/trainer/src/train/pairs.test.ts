import { dataset, type Example, KdError } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { mixByAlpha } from '@kd/losses'
import { bilstm, siamese } from '@kd/students'
import { expect, it } from 'vitest'
import { moods } from '../../fixtures/moods.ts'
import { likeness, originals, pairs, quick, student, task, teacher, validation } from '../../fixtures/pairs.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { labelTransferSet } from '../labelling/label-transfer-set.ts'
import { train } from './train.ts'

const unlabelled = (count: number) => pairs(count, 5).examples.map(({ text, pair }): Example => ({ text, pair }))

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  if (!KdError.isInstance(error)) throw error ?? new Error('it succeeded')
  return error
}

it("learns the teacher's logits of pairs, labelled and unlabelled mixed, and answers for pairs", async () => {
  const transfer = await labelTransferSet([...originals, ...unlabelled(200)], teacher, { labels: task.labels })
  const { student: trained } = await train(student, transfer, { ...quick, loss: mixByAlpha(0.3) })
  const { metrics, perClass } = await evaluate(trained, validation)
  expect(metrics.accuracy).toBeGreaterThan(0.95)
  expect(Object.keys(metrics)).toEqual(['accuracy', 'f1'])
  expect(perClass.alike!.f1).toBe(metrics.f1)
  expect((await trained.predict({ text: 'a warm day', pair: 'so fine' })).label).toBe('alike')
  const known = await trained.encode(['grey', 'the film was warm', 'cold day'])
  expect((await trained.compare('a fine day', known)).top(1)[0]!.index).toBe(1)
  trained.dispose()
})

it("the label of an unlabelled pair is the teacher's, or there is none", async () => {
  const transfer = await labelTransferSet([...originals.examples.slice(0, 20), ...unlabelled(5)], teacher, { labels: task.labels })
  const options = { steps: 1, batchSize: 8, loss: mixByAlpha(0.5) }
  ;(await train(student, transfer, options)).student.dispose()
  const error = await failure(train(student, transfer, { ...options, labelsForUnlabelled: 'none' }))
  expect(error.message).toMatch(/example 21 has no label.*labelsForUnlabelled/)
})

it('scores: a regression head, gold or taught, by Pearson and Spearman', async () => {
  const scoreTask = { ...task, name: 'likeness', labels: ['likeness'], metrics: ['pearson', 'spearman'] as const }
  const scored = (data: typeof originals) =>
    dataset(
      { ...scoreTask, metrics: [...scoreTask.metrics] },
      data.examples.map(({ text, pair }) => ({ text, pair, label: 2.5 + 2 * likeness({ text, pair }) })),
    )
  const options = { ...quick, validation: scored(validation) }
  const gold = await train(student, scored(originals), options)
  const { metrics, predictions, perClass } = await evaluate(gold.student, options.validation)
  expect(metrics.pearson).toBeGreaterThan(0.9)
  expect(metrics.spearman).toBeGreaterThan(0.8)
  expect(predictions).toBeInstanceOf(Float32Array)
  expect(perClass).toEqual({})
  expect((await gold.student.predict(validation.examples[0]!)).label).toBe('likeness')
  gold.student.dispose()

  const scorer = fakeTeacher({ labels: ['likeness'], logitsOf: (example) => [2.5 + 2 * likeness(example)] })
  const transfer = await labelTransferSet(scored(originals), scorer)
  const taught = await train(student, transfer, options)
  expect((await evaluate(taught.student, options.validation)).metrics.pearson).toBeGreaterThan(0.9)
  taught.student.dispose()
  const wrongWay = fakeTeacher({ labels: ['likeness'], logitsOf: (example) => [-likeness(example)] })
  await expect(labelTransferSet(scored(originals), wrongWay)).rejects.toThrow(/below chance.*correlate by -1\.00.*other way/)
  await expect(train(student, scored(originals), { ...options, loss: mixByAlpha(1) })).rejects.toThrow(/one label: a score.*scoreMse/)
})

const single = moods(30, 1)
const singleTeacher = { ...fakeTeacher({ labels: ['sad', 'glad'] }), name: 'single', pairs: false }

it.each<[what: string, work: () => Promise<unknown>, kind: string, message: RegExp]>([
  [
    'single texts for a student of pairs',
    () => train(student, single, { steps: 1 }),
    'data',
    /example 0: this student reads pairs.*bilstm\(\)/,
  ],
  ['pairs for a student of single texts', () => train(bilstm(), originals, { steps: 1 }), 'data', /example 0: .*one text.*siamese\(\)/],
  [
    'one single text among pairs',
    () => train(student, dataset(task, [...originals, { text: 'alone', label: 0 }]), { steps: 1 }),
    'data',
    /example 240: this student reads pairs/,
  ],
  [
    'a teacher of pairs for single texts',
    () => labelTransferSet(single, teacher, { labelMap: { sad: 'different', glad: 'alike' } }),
    'mismatch',
    /reads pairs, and example 0 is a single text/,
  ],
  [
    'a teacher of single texts for pairs',
    () => labelTransferSet(originals, singleTeacher, { labelMap: { different: 'sad', alike: 'glad' } }),
    'mismatch',
    /single reads single texts, and example 0 is a pair/,
  ],
  ['evaluating it on them', () => evaluate(teacher, single, { labelMap: { sad: 'different', glad: 'alike' } }), 'mismatch', /reads pairs/],
  [
    'label names swapped',
    () => labelTransferSet(originals, { ...teacher, logits: async (examples) => (await teacher.logits(examples)).map((logit) => -logit) }),
    'teacher',
    /below chance: it finds 0\.0 % .*swapped.*different, alike/,
  ],
  [
    'three classes and a teacher of two',
    () => labelTransferSet(dataset({ ...task, labels: ['different', 'alike', 'unsure'] }, originals.examples), teacher),
    'mismatch',
    /different, alike, unsure.*different, alike.*Fine-tune a teacher/,
  ],
])('%s', async (_, work, kind, message) => {
  const error = await failure(work())
  expect(error.kind).toBe(kind)
  expect(error.message).toMatch(message)
})

it('drops as much on gold labels as on logits', async () => {
  const { student: trained } = await train(siamese({ dimensions: 4, hidden: 4, dense: 4 }), originals, { steps: 1 })
  expect(trained.description.dropout).toEqual({ words: 0.3, states: 0.3, dense: 0 })
})

it('an empty text and identical texts are pairs like others', async () => {
  const odd: Example[] = [
    { text: '', pair: 'a warm day', label: 0 },
    { text: 'a warm day', pair: '', label: 0 },
    { text: '', pair: '', label: 1 },
    { text: 'a warm day', pair: 'a warm day', label: 1 },
  ]
  const transfer = await labelTransferSet([...originals, ...odd], teacher, { labels: task.labels })
  expect(transfer.example(240)).toEqual(odd[0])
  expect(transfer.example(242)).toEqual(odd[2])
  const { student: trained } = await train(student, transfer, { ...quick, steps: 4 })
  expect((await evaluate(trained, dataset(task, odd))).examples).toBe(4)
  trained.dispose()
})
