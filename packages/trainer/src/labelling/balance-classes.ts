import { KdError } from '@kd/core'
import { argMax } from '@kd/losses/metrics'
import type { LabelledTransferSet } from './transfer-set.ts'

export interface BalanceOptions {
  /**
   * `dropping` leaves out unlabelled examples of classes that are too frequent; `repeating` keeps all and takes those of classes
   * that are too rare several times. Default: `dropping`.
   */
  by?: 'dropping' | 'repeating'
  /** The shares that classes get: those of the examples that have a label, or `equal` ones. Default: `labelled`. */
  to?: 'labelled' | 'equal'
}

/**
 * Leaves out or repeats unlabelled examples, evenly over the set, until classes are as frequent in it as among the examples
 * that have a label, or each as the others; each of those with a label stays, once. Classes are the teacher's arg-max.
 *
 * Augmentation moves texts to one class: a pair of which a word was replaced is seldom a duplicate still. A student of such a set
 * expects what it saw, and gives the other class too seldom. With `equal` shares it gives a rare class more often than it occurs:
 * where F1 counts, that may win more than it costs.
 * @throws KdError of kind `data` where no example has a label, `option` for a task of scores
 */
export function balanceClasses(set: LabelledTransferSet, { by = 'dropping', to = 'labelled' }: BalanceOptions = {}): LabelledTransferSet {
  checkOneOf('by', by, ['dropping', 'repeating'])
  checkOneOf('to', to, ['labelled', 'equal'])
  const classes = set.labels.length
  if (classes < 2) throw new KdError({ kind: 'option', what: 'a task of scores has no classes to balance', where: { option: 'set' } })
  const said = argMax(set.logits, classes)
  const isLabelled = Uint8Array.from({ length: set.length }, (_, index) => (set.example(index).label === undefined ? 0 : 1))
  const total = countPerClass(said, classes)
  const labelled = countPerClass(
    said.filter((_, index) => isLabelled[index]),
    classes,
  )
  const allLabelled = labelled.reduce((sum, count) => sum + count, 0)
  if (allLabelled === 0) {
    throw new KdError({
      kind: 'data',
      what: `none of the ${set.length} examples of the transfer set has a label`,
      fix: 'Put the labelled examples into the transfer set, beside those made of them.',
    })
  }
  const shares = labelled.map((count) => (to === 'equal' ? 1 / classes : count / allLabelled))
  // The largest set that has the shares without a repetition, or the smallest without a loss.
  const sizes = shares.flatMap((share, label) => (share ? [total[label]! / share] : []))
  const size = by === 'dropping' ? Math.min(...sizes) : Math.max(...sizes)
  const wanted = shares.map((share, label) => Math.max(0, Math.round(size * share) - labelled[label]!))
  const free = said.reduce<number[][]>(
    (found, label, index) => {
      if (!isLabelled[index]) found[label]!.push(index)
      return found
    },
    wanted.map(() => []),
  )
  const seen = new Array<number>(classes).fill(0)
  const kept: number[] = []
  said.forEach((label, index) => {
    const all = free[label]!.length
    if (isLabelled[index] || (wanted[label]! <= all && isNth(seen[label]!++, wanted[label]!, all))) kept.push(index)
  })
  free.forEach((all, label) => {
    for (let copy = 0; all.length > 0 && wanted[label]! > all.length && copy < wanted[label]!; copy++) kept.push(all[copy % all.length]!)
  })
  return subset(set, Int32Array.from(kept))
}

function checkOneOf(option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw new KdError({ kind: 'option', what: `${value} is neither ${allowed.join(' nor ')}`, where: { option } })
  }
}

/** Whether the one at `index` of `all` is among `wanted` at equal distances. */
const isNth = (index: number, wanted: number, all: number) =>
  Math.floor((index * wanted) / all) !== Math.floor(((index + 1) * wanted) / all)

function countPerClass(said: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const label of said) counts[label]!++
  return counts
}

function subset(set: LabelledTransferSet, indices: Int32Array): LabelledTransferSet {
  const { length } = indices
  const classes = set.labels.length
  const logits = new Float32Array(length * classes)
  indices.forEach((from, index) => {
    logits.set(set.logits.subarray(from * classes, (from + 1) * classes), index * classes)
  })
  const example = (index: number) => set.example(indices[index] ?? Number.NaN)
  return {
    ...set,
    length,
    logits,
    counts: { ...set.counts, examples: length },
    example,
    *[Symbol.iterator]() {
      for (let index = 0; index < length; index++)
        yield { example: example(index), logits: logits.subarray(index * classes, (index + 1) * classes) }
    },
  }
}
