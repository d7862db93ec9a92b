import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { augment } from '@kd/augment'
import type { Example } from '@kd/core'
import { crossEntropy, logitsMse } from '@kd/losses'
import { bilstm, type Student } from '@kd/students'
import { BertTeacher } from '@kd/teacher-bert'
import { createReport, labelTransferSet, type MeasuredModel, measure, measurePacked, type Report, type ReportRow, train } from '@kd/trainer'
import type { DemoPlan } from './plan.ts'

export interface DemoResult {
  report: Report
  teacher: BertTeacher
  /** The distilled student of the first seed, saved in `out/student`. */
  student: Student
}

/** The method of Tang et al. 2019, composed of its pieces: augment, label, train, compare. */
export async function demo(plan: DemoPlan): Promise<DemoResult> {
  const { data, seeds, perExample, dimensions, batchSize, alone, distilled, out, checkpoints, onProgress, signal } = plan
  const watched = { signal, onProgress }

  const teacher = await BertTeacher.load('@kd/teacher-sst2')
  async function* transferExamples(): AsyncGenerator<Example> {
    yield* data.train
    yield* augment(data.train, { perExample, seed: 1, signal })
  }
  const store = join(out, 'logits.lmdb')
  const exclude = [data.validation, data.test]
  const transfer = await labelTransferSet(transferExamples(), teacher, { store, exclude, check: data.train, ...watched })

  const ownVectors = bilstm({ vectors: teacher.wordVectors({ dimensions }) })
  const kinds = [
    { name: 'alone-random', description: bilstm({ dimensions }), examples: data.train, loss: crossEntropy(), steps: alone },
    { name: 'alone', description: ownVectors, examples: data.train, loss: crossEntropy(), steps: alone },
    { name: 'distilled', description: ownVectors, examples: transfer, loss: logitsMse(), steps: distilled },
  ]
  const parts = { validation: data.validation, test: data.test, latencyRuns: plan.latencyRuns, ...watched }
  const rows: ReportRow[] = []
  // Of earlier sittings too, where a stopped run goes on.
  const seconds = { augment: transfer.seconds.read, label: transfer.seconds.label, train: 0, evaluate: 0 }
  const addRow = async (name: string, models: readonly MeasuredModel[]) => {
    const began = performance.now()
    rows.push(await measure(name, models, parts))
    seconds.evaluate += (performance.now() - began) / 1000
  }
  await addRow('teacher', Array(seeds.length).fill(teacher))
  let students: Student[] = []
  for (const { name, description, examples, loss, steps } of kinds) {
    for (const student of students) student.dispose()
    students = []
    for (const seed of seeds) {
      const checkpoint = { file: join(checkpoints, `${name}-${seed}.safetensors`) }
      const { validation } = data
      const trained = await train(description, examples, {
        batchSize,
        ...steps,
        name: `${name} ${seed}`,
        loss,
        seed,
        validation,
        checkpoint,
        ...watched,
      })
      seconds.train += trained.seconds
      students.push(trained.student)
    }
    await addRow(name, students)
  }

  const packing = performance.now()
  const compared = data.train.examples
  rows.push(await measurePacked('distilled int8', students, { ...parts, compared }))
  seconds.evaluate += (performance.now() - packing) / 1000

  const student = students[0]!
  const batches = [...new Set([alone, distilled].map((steps) => steps.batchSize ?? batchSize))]
  const report = createReport({
    title: data.title,
    task: data.train.task.name,
    seeds,
    data: {
      train: data.train.length,
      validation: data.validation.length,
      test: data.test.length,
      transfer: transfer.length,
      excluded: transfer.counts.excluded,
    },
    settings: {
      optimizer: 'adam',
      alone: alone.steps,
      distilled: distilled.steps,
      batch: batches.length === 1 ? batches[0] : batches,
      dimensions,
      perExample,
    },
    seconds: { ...seconds, total: seconds.augment + seconds.label + seconds.train + seconds.evaluate },
    rows,
  })
  const card = { Results: report.toMarkdown() }
  await student.save(join(out, 'student'), { card })
  const measured = { train: data.train.examples.slice(0, 20_000), test: data.test.examples }
  await student.save(join(out, 'student-int8'), { weights: 'int8', measure: measured, card })
  await writeFile(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  await rm(checkpoints, { recursive: true, force: true })
  return { report, teacher, student }
}
