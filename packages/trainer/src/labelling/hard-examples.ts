import { setImmediate } from 'node:timers/promises'
import { type Example, KdError, type OnProgress, throwIfAborted } from '@kd/core'
import { byLength } from './by-length.ts'
import { checkReads } from './check-reads.ts'
import { finiteLogits, type Model } from './finite-logits.ts'

export interface HardExamplesOptions {
  /** Examples wanted, a whole number from 1. */
  count: number
  /** Given to the student at once. Default: 256. */
  batchSize?: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * The candidates that a student has most to learn from: those of which it is least certain, by the distance between its two
 * largest logits (margin sampling, Settles 2009, section 3.1), as many of each class that it gives as there are. Let the
 * teacher label them, and train the next student with them.
 *
 * With candidates such as `pairUp` makes, of which nearly all are of one class, the other one is found without labelling all of them.
 * @param candidates all are held in memory, each with its logits
 * @returns at most `count`, in the candidates' order
 * @throws KdError of kind `option`, also for a student of scores, `mismatch` for pairs where it reads single texts or the
 *   other way round, `teacher` for logits that are not finite, `aborted`
 */
export async function hardExamples(
  candidates: Iterable<Example> | AsyncIterable<Example>,
  student: Model,
  { count, batchSize = 256, signal, onProgress }: HardExamplesOptions,
): Promise<Example[]> {
  checkWhole('count', count)
  checkWhole('batchSize', batchSize)
  const classes = student.labels.length
  if (classes < 2)
    throw new KdError({ kind: 'option', what: 'a student of scores is not certain of classes', where: { option: 'student' } })
  const reader = { name: student.name ?? 'the student', pairs: student.pairs }
  const examples: Example[] = []
  for await (const example of candidates) {
    throwIfAborted(signal)
    checkReads(reader, example, examples.length)
    examples.push(example)
  }
  const began = performance.now()
  const order = byLength(student, examples)
  const given = new Int32Array(examples.length)
  const margins = new Float32Array(examples.length)
  for (let start = 0; start < order.length; start += batchSize) {
    throwIfAborted(signal)
    const places = order.subarray(start, start + batchSize)
    const batch = Array.from(places, (place) => examples[place]!)
    const logits = await finiteLogits(student, batch, (row) => places[row]!, signal)
    places.forEach((place, row) => {
      const { first, margin } = topTwo(logits.subarray(row * classes, (row + 1) * classes))
      given[place] = first
      margins[place] = margin
    })
    const done = start + places.length
    onProgress?.({ stage: 'choose', done, total: order.length, unit: 'examples', seconds: (performance.now() - began) / 1000 })
    await setImmediate()
  }
  const byClass = Array.from({ length: classes }, (_, label) => [...given.keys()].filter((place) => given[place] === label))
  const shares = equalShares(
    byClass.map(({ length }) => length),
    count,
  )
  const chosen = byClass.flatMap((places, label) => places.sort((a, b) => margins[a]! - margins[b]! || a - b).slice(0, shares[label]))
  return chosen.sort((a, b) => a - b).map((place) => examples[place]!)
}

function checkWhole(option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from 1`, where: { option } })
}

function topTwo(logits: Float32Array): { first: number; margin: number } {
  let first = 0
  for (let label = 1; label < logits.length; label++) if (logits[label]! > logits[first]!) first = label
  let second = -Infinity
  logits.forEach((logit, label) => {
    if (label !== first && logit > second) second = logit
  })
  return { first, margin: logits[first]! - second }
}

/** `count` divided equally among classes of so many examples; what one lacks goes to the others. */
function equalShares(sizes: readonly number[], count: number): number[] {
  const shares = sizes.map(() => 0)
  let left = count
  const rarest = [...sizes.keys()].sort((a, b) => sizes[a]! - sizes[b]! || a - b)
  rarest.forEach((label, done) => {
    shares[label] = Math.min(sizes[label]!, Math.floor(left / (sizes.length - done)))
    left -= shares[label]!
  })
  return shares
}
