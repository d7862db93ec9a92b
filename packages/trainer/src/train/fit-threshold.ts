import { type Dataset, KdError, type MetricName } from '@kd/core'
import type { Student } from '@kd/students'
import { evaluate } from '../evaluation/evaluate.ts'

export interface FittedThreshold {
  /** What was added to the second class's logit less the first one's. */
  readonly shift: number
  /** Mean of the task's metrics on validation before and after. */
  readonly before: number
  readonly after: number
  /** Puts the bias back as it was. */
  undo(): void
}

/** How many of each kind there are: true and false ones that are called the second class, and the first. */
interface Counts {
  readonly truePositive: number
  readonly falsePositive: number
  readonly trueNegative: number
  readonly falseNegative: number
}

const expectedMetrics: Readonly<Partial<Record<MetricName, (counts: Counts) => number>>> = {
  accuracy: ({ truePositive, falsePositive, trueNegative, falseNegative }) =>
    (truePositive + trueNegative) / (truePositive + falsePositive + trueNegative + falseNegative),
  f1: ({ truePositive, falsePositive, falseNegative }) => (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative),
}

/**
 * Moves the point from which on a student of two classes gives the second one: to where the mean of the task's metrics, accuracy and
 * F1, is best by expectation (Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"). Arg-max of calibrated logits is
 * best for accuracy alone; F1 wants the rarer class more often. The expectation is over probabilities that two numbers make of the logits
 * (Platt 1999), fitted on `validation`: less noisy than the best of all points there.
 *
 * Changes the last layer's bias, so that whatever the student is saved as, it decides alike. Whether it is worth it is to be seen on
 * validation, over the seeds of a setting: both means come back, and a way back.
 * @throws KdError of kind `option` where the task has other than two classes or other metrics, `mismatch` where its labels are not the
 *   student's, `data` where validation lacks a class
 */
export async function fitThreshold(student: Student, validation: Dataset): Promise<FittedThreshold> {
  const { labels, metrics } = validation.task
  const expected = metrics.map((metric) => expectedMetrics[metric])
  if (labels.length !== 2 || expected.includes(undefined)) {
    throw new KdError({
      kind: 'option',
      what: `the task ${validation.task.name} has the labels [${labels.join(', ')}] and the metrics ${metrics.join(', ')}: a threshold is fitted for two classes, accuracy and F1`,
      where: { option: 'validation' },
    })
  }
  const before = await evaluate(student, validation)
  const margins = Float64Array.from({ length: before.examples }, (_, row) => before.logits[2 * row + 1]! - before.logits[2 * row]!)
  const isSecond = validation.examples.map(({ label }) => label === 1)
  if (isSecond.every((value) => value === isSecond[0])) {
    throw new KdError({ kind: 'data', what: 'all validation examples have the same label', where: { option: 'validation' } })
  }
  const shift = -bestPoint(margins, platt(margins, isSecond), (counts) => sum(expected.map((metric) => metric!(counts))))
  const weights = student.weights()
  const bias = weights['logits.bias']!.slice()
  bias[0]! -= shift / 2
  bias[1]! += shift / 2
  student.setWeights({ ...weights, 'logits.bias': bias })
  const after = await evaluate(student, validation)
  return {
    shift,
    before: meanOf(before.metrics),
    after: meanOf(after.metrics),
    undo: () => student.setWeights({ ...student.weights(), 'logits.bias': weights['logits.bias']! }),
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const meanOf = (metrics: Readonly<Record<string, number>>): number => sum(Object.values(metrics)) / Object.keys(metrics).length

/** Slope and offset of the logistic regression of the label on the margin, by Newton's method. */
function platt(margins: Float64Array, isSecond: readonly boolean[]): { slope: number; offset: number } {
  let [slope, offset] = [1, 0]
  for (let round = 0; round < 100; round++) {
    // Gradient and curvature of the negative log-likelihood; a little ridge keeps separable labels finite.
    let [gs, go, ss, so, oo] = [ridge * slope, 0, ridge, 0, ridge]
    margins.forEach((margin, row) => {
      const p = sigmoid(slope * margin + offset)
      const off = p - Number(isSecond[row])
      const weight = p * (1 - p)
      gs += off * margin
      go += off
      ss += weight * margin * margin
      so += weight * margin
      oo += weight
    })
    const determinant = ss * oo - so * so
    const [ds, d0] = [(oo * gs - so * go) / determinant, (ss * go - so * gs) / determinant]
    // Far steps of separable labels would overshoot.
    const scale = Math.min(1, 5 / Math.max(Math.abs(ds), Math.abs(d0), 1e-12))
    slope -= scale * ds
    offset -= scale * d0
    if (Math.abs(ds) + Math.abs(d0) < 1e-9) break
  }
  return { slope, offset }
}

const ridge = 1e-3
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** The margin above which the second class is given where `score` of the expected counts is highest. */
function bestPoint(margins: Float64Array, { slope, offset }: { slope: number; offset: number }, score: (counts: Counts) => number): number {
  const sorted = Float64Array.from(margins).sort().reverse()
  const probabilities = sorted.map((margin) => sigmoid(slope * margin + offset))
  const all = probabilities.reduce((total, p) => total + p, 0)
  let [truePositive, best, point] = [0, -Infinity, 0]
  for (let called = 1; called < sorted.length; called++) {
    truePositive += probabilities[called - 1]!
    const falsePositive = called - truePositive
    const falseNegative = all - truePositive
    const value = score({ truePositive, falsePositive, falseNegative, trueNegative: sorted.length - called - falseNegative })
    if (!(value > best)) continue
    best = value
    point = (sorted[called - 1]! + sorted[called]!) / 2
  }
  return point
}
