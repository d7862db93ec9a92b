import { setImmediate } from 'node:timers/promises'
import { type Example, KdError, type Teacher, throwIfAborted } from '@kd/core'

const textsAtOnce = 4096

/** What the plan needs to know of distinct texts. */
export interface Texts {
  readonly length: number
  example(number: number): Example
  key(number: number): Uint8Array
}

/**
 * Batches of texts that all have the teacher's same length, shortest first. The plan follows from the set of texts
 * alone, not from their order nor from what is labelled already: float sums, and so int8 roundings, may differ with a
 * batch's mates, and a label must come out the same however often the run was stopped.
 * @param numbers of the texts that are planned. Default: all
 * @returns the numbers of each batch's texts
 */
export async function planBatches(
  texts: Texts,
  teacher: Teacher,
  batchSize: number,
  {
    numbers = Uint32Array.from({ length: texts.length }, (_, number) => number),
    signal,
  }: { numbers?: Uint32Array; signal?: AbortSignal } = {},
): Promise<Uint32Array[]> {
  const lengths = await textLengths(texts, numbers, teacher, signal)
  const order = Uint32Array.from(numbers.keys())
  order.sort((a, b) => lengths[a]! - lengths[b]! || Buffer.compare(texts.key(numbers[a]!), texts.key(numbers[b]!)))
  const batches: Uint32Array[] = []
  for (let start = 0, end = 1; start < order.length; start = end, end++) {
    const length = lengths[order[start]!]
    while (end < order.length && end - start < batchSize && lengths[order[end]!] === length) end++
    batches.push(order.subarray(start, end).map((place) => numbers[place]!))
  }
  return batches
}

async function textLengths(texts: Texts, numbers: Uint32Array, teacher: Teacher, signal?: AbortSignal): Promise<Uint32Array> {
  const lengths = new Uint32Array(numbers.length)
  for (let start = 0; start < numbers.length; start += textsAtOnce) {
    throwIfAborted(signal)
    const examples = Array.from(numbers.subarray(start, start + textsAtOnce), (number) => texts.example(number))
    const known = teacher.lengths?.(examples) ?? examples.map(({ text, pair = '' }) => text.length + pair.length)
    if (known.length !== examples.length) {
      throw new KdError({
        kind: 'teacher',
        what: `teacher ${teacher.name} gave ${known.length} lengths for ${examples.length} texts`,
        fix: 'Its `lengths` must return one number for each text.',
      })
    }
    lengths.set(known, start)
    await setImmediate()
  }
  return lengths
}
