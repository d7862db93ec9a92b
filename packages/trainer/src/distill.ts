import { join } from 'node:path'
import { dataset, type Teacher } from '@kd/core'
import type { Student, StudentDescription } from '@kd/students'
import { BertTeacher, OnnxTeacher } from '@kd/teacher-bert'
import { Comparison } from './distill/comparison.ts'
import { defaultStudent, hasLabel, loadTeacher, type Parts, readParts, transferExamples } from './distill/inputs.ts'
import { allBaselines, checkOptions, type DistillOptions } from './distill/options.ts'
import { onGoldLabels, settingsOf, trainingOf } from './distill/settings.ts'
import { labelTransferSet } from './labelling/label-transfer-set.ts'
import type { LabelledTransferSet } from './labelling/transfer-set.ts'
import { createReport, type Report } from './report/report.ts'

export interface Distillation {
  /** The distilled student; of several seeds the one that is best on validation. */
  readonly student: Student
  readonly report: Report
  readonly teacher: Teacher
}

/**
 * The whole method (Tang et al. 2019): reads, augments, has the teacher label, trains the student on the teacher's
 * logits and, for comparison, on gold labels alone, and reports how they do on text that nothing was chosen on.
 * @throws KdError; with `cache` a run that was stopped goes on where it was
 */
export async function distill(options: DistillOptions): Promise<Distillation> {
  checkOptions(options)
  const began = performance.now()
  const teacher = await loadTeacher(options)
  try {
    return await distillFrom(teacher, options, began)
  } catch (error) {
    if ((teacher instanceof BertTeacher || teacher instanceof OnnxTeacher) && teacher !== options.teacher) await teacher.dispose()
    throw error
  }
}

async function distillFrom(teacher: Teacher, options: DistillOptions, began: number): Promise<Distillation> {
  const { seeds = [1], title } = options
  const parts = await readParts(options, teacher, seeds[0]!)
  const labelled = await label(parts, teacher, options, seeds[0]!)

  const description = options.student ?? defaultStudent(teacher, parts)
  const training = trainingOf(options, labelled.length)
  const comparison = new Comparison(parts, options, seeds)
  await comparison.teacher(teacher, labelMapOf(options))
  await compareWithGoldLabels(comparison, parts, description, training, options)
  const students = await comparison.students('distilled', description, labelled, training)

  const report = createReport({
    title,
    task: parts.test.task.name,
    seeds,
    data: {
      train: parts.train.length,
      validation: parts.validation.length,
      test: parts.test.length,
      transfer: labelled.length,
      excluded: labelled.counts.excluded,
    },
    settings: settingsOf(options, { task: parts.train.task, student: description, training }),
    seconds: {
      augment: labelled.seconds.read,
      label: labelled.seconds.label,
      ...comparison.seconds,
      total: (performance.now() - began) / 1000,
    },
    rows: comparison.rows,
  })
  await labelled.close()
  return { student: keepBest(students, report), report, teacher }
}

function label(parts: Parts, teacher: Teacher, options: DistillOptions, seed: number): Promise<LabelledTransferSet> {
  const { cache, signal, onProgress } = options
  return labelTransferSet(transferExamples(parts, options, seed), teacher, {
    check: parts.train,
    labelMap: labelMapOf(options),
    exclude: [parts.validation, parts.test],
    store: cache && join(cache, 'logits.lmdb'),
    signal,
    onProgress: onProgress && ((event) => onProgress(event.stage === 'read' ? { ...event, stage: 'augment' } : event)),
  })
}

/** The rows that say what distillation is worth: the same student, gold labels instead of logits. */
async function compareWithGoldLabels(
  comparison: Comparison,
  { train }: Parts,
  description: StudentDescription,
  training: ReturnType<typeof trainingOf>,
  { baselines = allBaselines }: DistillOptions,
): Promise<void> {
  const golds = dataset(train.task, train.examples.filter(hasLabel))
  for (const row of baselines) {
    const own = row === 'alone' ? description : { ...description, vectors: undefined }
    const students = await comparison.students(row, own, golds, onGoldLabels(training, golds))
    for (const student of students) student.dispose()
  }
}

/** A file's labels are the teacher's as soon as it is read. */
const labelMapOf = ({ data, labelMap }: DistillOptions) => (typeof data === 'string' ? undefined : labelMap)

/** The student that is best on validation by the mean of the task's metrics; the others are let go. */
function keepBest(students: readonly Student[], { rows }: Report): Student {
  const metrics = Object.values(rows.at(-1)!.metrics)
  const sums = students.map((_, index) => metrics.reduce((sum, { validation }) => sum + validation[index]!, 0))
  const best = sums.indexOf(Math.max(...sums))
  students.forEach((student, index) => {
    if (index !== best) student.dispose()
  })
  return students[best]!
}
