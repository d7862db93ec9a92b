import { KdError } from '@kd/core'
import { predictionOf } from '../prediction.ts'
import type { Kernels } from './kernels.ts'

/** Texts as a student of pairs has read them: plain data, to be kept as one likes. */
export interface Encoded {
  readonly length: number
  /** Final states, row-major `[length, 2 * hidden]`. */
  readonly states: Float32Array
}

export interface Match {
  /** Which of the known texts. */
  readonly index: number
  /** Of the label asked for. */
  readonly probability: number
  readonly logits: readonly number[]
}

/** One text against all known ones. */
export interface Comparison {
  /** Row-major `[known.length, labels.length]`. */
  readonly logits: Float32Array
  /**
   * The `k` known texts for which a label is most probable, or the score highest, best first; of equal ones the first.
   * @param label default: the last one, as `duplicate` of `different, duplicate`
   * @throws KdError of kind `option` for a label the student does not have
   */
  top(k: number, label?: string): Match[]
}

interface Sizes {
  readonly labels: readonly string[]
  /** Of one text's states. */
  readonly size: number
}

/** What students of pairs do beside. */
export interface Pairs {
  encode(texts: readonly string[]): Encoded
  compare(text: string, known: Encoded): Comparison
}

/** @param statesOf reads a text: a view, until the next call */
export const pairsOf = (kernels: Kernels, statesOf: (text: string) => Float32Array, { labels, size }: Sizes): Pairs => ({
  encode(texts) {
    const states = new Float32Array(texts.length * size)
    texts.forEach((text, at) => {
      states.set(statesOf(text), at * size)
    })
    return { length: texts.length, states }
  },
  compare(text, known) {
    checkEncoded(known, size)
    const classes = labels.length
    const logits = new Float32Array(known.length * classes)
    const one = new Float32Array(classes)
    kernels.keepFirst(statesOf(text))
    for (let at = 0; at < known.length; at++) {
      kernels.classify(known.states.subarray(at * size, (at + 1) * size), one)
      logits.set(one, at * classes)
    }
    return comparisonOf(logits, labels)
  },
})

/**
 * @param size of one text's states
 * @throws KdError of kind `option`
 */
export function checkEncoded({ length, states }: Encoded, size: number): void {
  if (states instanceof Float32Array && Number.isSafeInteger(length) && states.length === length * size) return
  const what = `${length} texts of this student have ${length * size} numbers, here are ${states?.length}`
  throw new KdError({ kind: 'option', what, where: { option: 'known' } })
}

/** @param logits row-major `[known.length, labels.length]` */
export function comparisonOf(logits: Float32Array, labels: readonly string[]): Comparison {
  const classes = labels.length
  return {
    logits,
    top(k, label = labels[classes - 1]!) {
      const which = labels.indexOf(label)
      if (which < 0) throw new KdError({ kind: 'option', what: `${label} is none of ${labels.join(', ')}`, where: { option: 'label' } })
      const row = (index: number) => logits.subarray(index * classes, (index + 1) * classes)
      const odds = Float64Array.from({ length: logits.length / classes }, (_, index) =>
        oddsAgainst(logits, index * classes, classes, which),
      )
      return Array.from(odds.keys())
        .sort((a, b) => odds[a]! - odds[b]! || a - b)
        .slice(0, k)
        .map((index) => ({ index, probability: predictionOf(row(index), labels).probabilities[which]!, logits: [...row(index)] }))
    },
  }
}

/** All other classes' probability as a multiple of one's; of a score, which has no others, what ranks likewise. */
function oddsAgainst(logits: Float32Array, from: number, classes: number, which: number): number {
  if (classes === 1) return -logits[from]!
  let sum = 0
  for (let other = 0; other < classes; other++) if (other !== which) sum += Math.exp(logits[from + other]! - logits[from + which]!)
  return sum
}
