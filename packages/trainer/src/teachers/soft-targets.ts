import { KdError } from '@kd/core'

/** How answers that are no logits become some. */
export interface SoftenOptions {
  /**
   * Least probability of a class, above 0 and below 1 / classes. Default: 1e-4, which keeps the logits of two classes
   * within 4.6 of 0, about as far as a fine-tuned BERT's. A probability of 0 would be a logit of minus infinity.
   */
  floor?: number
  /**
   * Probability of the class that an answer names, where it says nothing else: above 1 / classes, below 1; the other
   * classes share the rest. Default: 0.9.
   */
  confidence?: number
}

export interface Softening {
  readonly floor: number
  readonly confidence: number
}

/** By how much probabilities may miss 1 and are still taken for some: they are divided by their sum. */
const sumTolerance = 0.05

/** @throws KdError of kind `option` */
export function checkSoftening({ floor = 1e-4, confidence = 0.9 }: SoftenOptions, classes: number): Softening {
  checkBetween('floor', floor, 0, 1 / classes)
  checkBetween('confidence', confidence, 1 / classes, 1)
  return { floor, confidence }
}

function checkBetween(option: string, value: number, low: number, high: number): void {
  if (value > low && value < high) return
  throw new KdError({ kind: 'option', what: `${value} is not a number above ${low} and below ${high}`, where: { option } })
}

/**
 * Probabilities as logits: log(max(p, floor)) less its mean over the classes. The softmax of the result is the
 * probabilities again, where the floor did not lift one.
 */
export function centredLogs(probabilities: ArrayLike<number>, floor: number): number[] {
  const logs = Array.from(probabilities, (probability) => Math.log(Math.max(probability, floor)))
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  return logs.map((log) => log - mean)
}

/** Probabilities divided by their sum, or what is wrong with them. */
export function normalised(probabilities: readonly unknown[], classes: number): number[] | string {
  if (probabilities.length !== classes) return `${probabilities.length} probabilities for ${classes} labels`
  let sum = 0
  for (const probability of probabilities) {
    if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
      return `${JSON.stringify(probability) ?? 'nothing'} is no probability from 0 to 1`
    }
    sum += probability
  }
  if (Math.abs(sum - 1) > sumTolerance) return `the probabilities add up to ${Number(sum.toFixed(4))}, not 1`
  return (probabilities as number[]).map((probability) => probability / sum)
}

/** Probabilities of an answer that names one class, or what is wrong with its confidence. */
export function fromLabel(label: number, classes: number, confidence: number): number[] | string {
  if (!(confidence > 1 / classes && confidence <= 1)) {
    return `${JSON.stringify(confidence) ?? 'nothing'} is no confidence above 1 / ${classes} and up to 1`
  }
  const rest = (1 - confidence) / (classes - 1)
  return Array.from({ length: classes }, (_, index) => (index === label ? confidence : rest))
}

/** The class that an answer names: by its name, else by its index; -1 where it is none. */
export function classOf(label: unknown, labels: readonly string[]): number {
  const byName = labels.indexOf(typeof label === 'string' ? label.trim() : String(label))
  if (byName >= 0) return byName
  const index = typeof label === 'string' && /^\s*\d+\s*$/.test(label) ? Number(label) : label
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < labels.length ? index : -1
}
