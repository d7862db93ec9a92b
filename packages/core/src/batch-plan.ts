import { Random } from './random.ts'

/** One batch: indices of its examples, and the padded length that all of them fit in. */
export interface PlannedBatch {
  readonly examples: Int32Array
  readonly length: number
}

/**
 * The batches of one epoch, a function of (seed, epoch) alone. Examples are shuffled, gathered by padded length, and
 * cut into batches of `size`; what is left over of a length joins the next longer one, so that only the longest batch
 * is not full. The order of the batches is shuffled as well.
 * @param lengths padded length of each example
 */
export function planEpoch(lengths: Int32Array, size: number, seed: number, epoch: number): PlannedBatch[] {
  const random = new Random(seed, 'batches').at(epoch)
  const order = random.shuffle(Int32Array.from(lengths.keys()))
  const byLength = new Map<number, number[]>()
  for (const index of order) {
    const length = lengths[index]!
    const group = byLength.get(length)
    if (group) group.push(index)
    else byLength.set(length, [index])
  }
  const batches: PlannedBatch[] = []
  let rest: number[] = []
  let longest = 0
  for (const length of [...byLength.keys()].sort((a, b) => a - b)) {
    longest = length
    const group = [...rest, ...byLength.get(length)!]
    const whole = group.length - (group.length % size)
    for (let start = 0; start < whole; start += size) batches.push({ examples: Int32Array.from(group.slice(start, start + size)), length })
    rest = group.slice(whole)
  }
  if (rest.length > 0) batches.push({ examples: Int32Array.from(rest), length: longest })
  return random.shuffle(batches)
}
