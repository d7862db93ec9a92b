import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { augment, pairUp } from '@kd/augment'
import type { Dataset, Example } from '@kd/core'
import { writeFileAtomic } from '@kd/core/node'
import { crossEntropy, type Loss, logitsMse } from '@kd/losses'
import { type Student, type StudentDescription, siamese } from '@kd/students'
import { BertTeacher } from '@kd/teacher-bert'
import {
  balanceClasses,
  createReport,
  type FittedThreshold,
  fitThreshold,
  hardExamples,
  type LabelledTransferSet,
  labelTransferSet,
  type MeasuredModel,
  measure,
  measurePacked,
  type Report,
  type ReportRow,
  train,
} from '@kd/trainer'
import type { DemoPlan, Steps } from './plan.ts'

export interface DemoResult {
  report: Report
  /** The distilled student of the first seed, saved in `out/student`. */
  student: Student
  /** Every question of the training part, once. */
  questions: string[]
}

/** The method of Tang et al. 2019 for pairs, composed of its pieces: augment, label, train, compare. */
export async function demo(plan: DemoPlan): Promise<DemoResult> {
  const {
    data,
    seeds,
    recombined,
    perExample,
    hard,
    dimensions,
    batchSize,
    alone,
    given,
    distilled,
    balanced,
    thresholds,
    out,
    checkpoints,
    onProgress,
    signal,
  } = plan
  const watched = { signal, onProgress }

  const teacher = await BertTeacher.load('@kd/teacher-qqp')
  const originals = [...data.train, ...data.unlabelled]
  const exclude = [...data.validation, ...data.test]
  async function* transferExamples(chosen: readonly Example[] = []): AsyncGenerator<Example> {
    yield* originals
    yield* pairUp(originals, { count: recombined, sides: 'any', exclude, seed: 1, signal })
    yield* augment(originals, { perExample, seed: 1, signal })
    yield* chosen
  }
  const labelling = { store: join(out, 'logits.lmdb'), exclude: [data.validation, data.test], check: data.train, ...watched }
  const ownVectors = siamese({ vectors: teacher.wordVectors({ dimensions }) })
  let transfer = await labelTransferSet(transferExamples(), teacher, labelling)
  let firstSeconds = 0
  if (hard) {
    const settings = { ...distilled, batchSize, loss: logitsMse(), seed: 1, validation: data.validation }
    const chosen = await onceChosen(join(checkpoints, 'hard.json'), async () => {
      const checkpoint = { file: join(checkpoints, 'first.safetensors') }
      const learnt = balanceClasses(transfer, { by: 'repeating' })
      const first = await train(ownVectors, learnt, { ...settings, name: 'first', checkpoint, ...watched })
      firstSeconds = first.seconds
      const candidates = pairUp(originals, { count: hard.candidates, nearest: 1, neighbours: 30, sides: 'any', exclude, seed: 2, signal })
      const chosen = await hardExamples(candidates, first.student, { count: hard.count, ...watched })
      first.student.dispose()
      return chosen
    })
    await transfer.close()
    transfer = await labelTransferSet(transferExamples(chosen), teacher, labelling)
  }
  // Changed and recombined pairs are seldom duplicates.
  const learnt = balanced ? balanceClasses(transfer, { by: 'repeating', to: balanced }) : transfer

  const kinds: { name: string; description: StudentDescription; examples: Dataset | LabelledTransferSet; loss: Loss; steps: Steps }[] = [
    { name: 'alone-random', description: siamese({ dimensions }), examples: data.train, loss: crossEntropy(), steps: alone },
    { name: 'alone', description: ownVectors, examples: data.train, loss: crossEntropy(), steps: alone },
    { name: 'distilled', description: ownVectors, examples: learnt, loss: logitsMse(), steps: distilled },
  ]
  if (given) {
    const examples = await labelTransferSet(originals, teacher, labelling)
    kinds.splice(2, 0, { name: 'distilled, given', description: ownVectors, examples, loss: logitsMse(), steps: given })
  }
  const parts = { validation: data.validation, test: data.test, latencyRuns: plan.latencyRuns, ...watched }
  const rows: ReportRow[] = []
  // Of earlier sittings too, where a stopped run goes on.
  const seconds = { augment: transfer.seconds.read, label: transfer.seconds.label, train: firstSeconds, evaluate: 0 }
  const addRow = async (name: string, models: readonly MeasuredModel[]) => {
    const began = performance.now()
    rows.push(await measure(name, models, parts))
    seconds.evaluate += (performance.now() - began) / 1000
  }
  await addRow('teacher', Array(seeds.length).fill(teacher))
  await teacher.dispose()
  const moved: string[] = []
  let students: Student[] = []
  for (const { name, description, examples, loss, steps } of kinds) {
    for (const student of students) student.dispose()
    students = []
    for (const seed of seeds) {
      const checkpoint = { file: join(checkpoints, `${name}-${seed}.safetensors`) }
      const { validation } = data
      const settings = { ...steps, batchSize, name: `${name} ${seed}`, loss, seed, validation, checkpoint, ...watched }
      const trained = await train(description, examples, settings)
      seconds.train += trained.seconds
      students.push(trained.student)
    }
    if (thresholds && (await fitThresholds(students, data.validation))) moved.push(name)
    await addRow(name, students)
  }

  const packing = performance.now()
  rows.push(await measurePacked('distilled int8', students, { ...parts, compared: originals }))
  seconds.evaluate += (performance.now() - packing) / 1000

  const student = students[0]!
  const report = createReport({
    title: data.title,
    task: data.train.task.name,
    seeds,
    data: {
      train: data.train.length,
      unlabelled: data.unlabelled.length,
      validation: data.validation.length,
      test: data.test.length,
      transfer: transfer.length,
      excluded: transfer.counts.excluded,
    },
    settings: {
      optimizer: 'adam',
      alone: alone.steps,
      given: given?.steps,
      distilled: distilled.steps,
      balanced,
      thresholds: thresholds && (moved.join(', ') || 'none'),
      batch: batchSize,
      dimensions,
      recombined,
      perExample,
      hard: hard?.count,
    },
    seconds: { ...seconds, total: seconds.augment + seconds.label + seconds.train + seconds.evaluate },
    rows,
  })
  const card = { Results: report.toMarkdown() }
  await student.save(join(out, 'student'), { card })
  await student.save(join(out, 'student-int8'), { weights: 'int8', measure: { test: data.test.examples }, card })
  await writeFile(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  await rm(checkpoints, { recursive: true, force: true })
  const questions = [...new Set(originals.flatMap(({ text, pair }) => [text, pair!]))]
  await writeFile(join(out, 'questions.txt'), questions.map((question) => `${question}\n`).join(''))
  return { report, student, questions }
}

/** Moves the thresholds of all seeds or, where that makes them no better together, of none: one student's validation is noisy. */
async function fitThresholds(students: readonly Student[], validation: Dataset): Promise<boolean> {
  const fitted: FittedThreshold[] = []
  for (const student of students) fitted.push(await fitThreshold(student, validation))
  const isBetter = fitted.reduce((sum, { before, after }) => sum + after - before, 0) > 0
  if (!isBetter) for (const { undo } of fitted) undo()
  return isBetter
}

/** What an earlier sitting chose, else what `choose` does, kept for the next one. */
async function onceChosen(file: string, choose: () => Promise<Example[]>): Promise<Example[]> {
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8'))
  const chosen = await choose()
  await writeFileAtomic(file, JSON.stringify(chosen))
  return chosen
}
