import { augment } from '@kd/augment'
import type { Dataset, Example, Task, Teacher } from '@kd/core'
import { dataset, KdError } from '@kd/core'
import { readExamples, split } from '@kd/data'
import { bilstm, type StudentDescription, siamese } from '@kd/students'
import { BertTeacher, loadTeacher as loadModel } from '@kd/teacher-bert'
import type { DataParts, DistillOptions } from './options.ts'
import { augmentDefaults } from './settings.ts'

export type Parts = DataParts & { readonly validation: Dataset }

export async function loadTeacher({ teacher }: DistillOptions): Promise<Teacher> {
  return typeof teacher === 'string' ? await loadModel(teacher) : teacher
}

/** Reads a file, and holds out what is not given as a part of its own. */
export async function readParts(options: DistillOptions, { labels }: Teacher, seed: number): Promise<Parts> {
  const { data, columns, labelMap, shares, signal, onProgress } = options
  if (typeof data !== 'string' && 'train' in data) {
    if (data.validation) return { ...data, validation: data.validation }
    const { train, validation } = split(data.train, { seed, validation: shares?.validation ?? 0.05, test: 0 })
    return { train, validation, test: data.test }
  }
  const whole = typeof data === 'string' ? await readExamples(data, { columns, labels, labelMap, signal, onProgress }) : data
  const task = typeof data === 'string' ? withF1(whole.task) : whole.task
  const labelled = dataset(task, whole.examples.filter(hasLabel))
  if (labelled.length === 0) {
    throw new KdError({
      kind: 'data',
      what: 'no example has a label, so there is nothing to evaluate on',
      where: typeof data === 'string' ? { file: data } : { option: 'data' },
      fix: 'Name the label column (columns: { label: ... }), or use labelTransferSet and train, which need no labels.',
    })
  }
  const parts = split(labelled, { seed, ...shares })
  const heldOut = new Set([...parts.validation, ...parts.test].flatMap(textsOfPair))
  const unlabelled = whole.examples.filter((example) => !hasLabel(example) && !textsOfPair(example).some((text) => heldOut.has(text)))
  return { ...parts, train: dataset(task, [...parts.train.examples, ...unlabelled]) }
}

/** Both texts of a pair: none may stand in two parts. A single text that does is left out as the transfer set is read, and counted. */
const textsOfPair = ({ text, pair }: Example): readonly string[] => (pair === undefined ? [] : [text, pair])

/** Of a file's pairs that are the same or not few may be: F1 of the second label says what accuracy hides, as for QQP and MRPC. */
const withF1 = (task: Task): Task => (task.pairs && task.labels.length === 2 ? { ...task, metrics: ['accuracy', 'f1'] } : task)

export const hasLabel = ({ label }: Example): boolean => label !== undefined

/** The transfer set before it is labelled: the originals, then synthetic examples made of them. */
export async function* transferExamples({ train }: Parts, options: DistillOptions, seed: number): AsyncGenerator<Example> {
  yield* train.examples
  if (options.augment !== false) {
    yield* augment(train.examples, { ...augmentDefaults(train.task), ...options.augment, seed, signal: options.signal })
  }
}

export function defaultStudent(teacher: Teacher, { train }: Parts): StudentDescription {
  const describe = train.task.pairs ? siamese : bilstm
  if (!(teacher instanceof BertTeacher)) return describe({})
  return describe({ vectors: teacher.wordVectors({ dimensions: Math.min(100, teacher.embeddingSize) }) })
}
