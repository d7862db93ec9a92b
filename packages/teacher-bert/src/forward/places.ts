import type { BertConfig } from '../checkpoint/config.ts'

/**
 * Rows of the table of positions for `ids`, `[batch, length]` row-major, where a family counts from its padding token:
 * tokens of that id keep its row, the others are numbered from the next on (RoBERTa, MPNet).
 */
export function placesOf(ids: Int32Array, length: number, { firstPosition, padding }: BertConfig): Int32Array {
  const places = new Int32Array(ids.length)
  for (let start = 0; start < ids.length; start += length) {
    let next = firstPosition
    for (let i = start; i < start + length; i++) places[i] = padding !== undefined && ids[i] === padding ? padding : next++
  }
  return places
}

/** Distances are told apart exactly up to a fourth of the buckets, then ever more coarsely up to this one. */
const farthest = 128

/**
 * Bucket of each distance `key - query` from `-(positions - 1)` to `positions - 1`, as MPNet counts them (T5's rule in
 * both directions), in single precision as PyTorch computes it.
 */
export function distanceBuckets(positions: number, buckets: number): Int32Array {
  const half = buckets / 2
  const exact = half / 2
  return Int32Array.from({ length: 2 * positions - 1 }, (_, index) => {
    const distance = index - (positions - 1)
    const size = Math.abs(distance)
    const side = distance > 0 ? half : 0
    if (size < exact) return side + size
    const share = Math.fround(Math.fround(Math.log(size / exact)) / Math.fround(Math.log(farthest / exact)))
    return side + Math.min(half - 1, exact + Math.trunc(Math.fround(share * (half - exact))))
  })
}
