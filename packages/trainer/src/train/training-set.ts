import { type Dataset, type Example, KdError } from '@kd/core'
import type { StudentTraining } from '@kd/students'
import type { LabelledTransferSet } from '../labelling/transfer-set.ts'

/** Examples as training reads them: word ids of all texts end to end, targets in arrays; some 80 bytes a sentence. */
export interface TrainingSet {
  readonly length: number
  readonly classes: number
  /** Word ids of one example: a view. */
  ids(index: number): Int32Array
  /** Teacher's logits, row-major `[length, classes]`. */
  readonly logits: Float32Array | undefined
  /** Gold labels, or the teacher's arg-max where there is none; NaN where there is neither. Scores where there is one class. */
  readonly labels: Float32Array
}

export type TrainingData = LabelledTransferSet | Dataset

export const labelsOf = (data: TrainingData): readonly string[] => ('labels' in data ? data.labels : data.task.labels)

export const logitsOf = (data: TrainingData): Float32Array | undefined => ('logits' in data ? data.logits : undefined)

export const exampleAt = (data: TrainingData, index: number): Example => ('logits' in data ? data.example(index) : data.examples[index]!)

/** All texts of the data, for the vocabulary. */
export function* textsOf(data: TrainingData): Generator<string> {
  for (let index = 0; index < data.length; index++) {
    const { text, pair } = exampleAt(data, index)
    yield text
    if (pair !== undefined) yield pair
  }
}

/** Encodes the data for a student. */
export function encodeTrainingSet(data: TrainingData, training: StudentTraining, labelsForUnlabelled: 'teacher' | 'none'): TrainingSet {
  const classes = labelsOf(data).length
  const logits = logitsOf(data)
  const starts = new Float64Array(data.length + 1)
  const labels = new Float32Array(data.length)
  let words = new Int32Array(Math.max(1024, data.length * 16))
  for (let index = 0; index < data.length; index++) {
    const example = exampleAt(data, index)
    const ids = encoded(training, example, index)
    const start = starts[index]!
    if (start + ids.length > words.length) {
      const larger = new Int32Array(2 * words.length + ids.length)
      larger.set(words)
      words = larger
    }
    words.set(ids, start)
    starts[index + 1] = start + ids.length
    labels[index] = example.label ?? (logits && labelsForUnlabelled === 'teacher' ? saidBy(logits, index * classes, classes) : Number.NaN)
  }
  return { length: data.length, classes, logits, labels, ids: (index) => words.subarray(starts[index]!, starts[index + 1]!) }
}

/** Fails at the first example that a loss on labels could not use. */
export function requireLabels({ labels }: TrainingSet, lossName: string): void {
  const index = labels.findIndex(Number.isNaN)
  if (index < 0) return
  throw new KdError({
    kind: 'data',
    what: `example ${index + 1} has no label, and the loss ${lossName} needs one`,
    fix: "Leave unlabelled examples out, or let the teacher label them (labelTransferSet, labelsForUnlabelled: 'teacher').",
  })
}

/** What the teacher would have for a label: its arg-max, or its score. */
function saidBy(logits: Float32Array, start: number, classes: number): number {
  if (classes === 1) return logits[start]!
  let best = 0
  for (let index = 1; index < classes; index++) if (logits[start + index]! > logits[start + best]!) best = index
  return best
}

function encoded(training: StudentTraining, example: Example, index: number): Int32Array {
  try {
    return training.encode(example)
  } catch (error) {
    if (!KdError.isInstance(error, 'data')) throw error
    throw new KdError({ kind: 'data', what: `example ${index}: ${error.what}`, where: error.where, fix: error.fix, cause: error })
  }
}
