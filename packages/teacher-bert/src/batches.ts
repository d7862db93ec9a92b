import type { Encoding } from './tokenizer/tokenizer.ts'

/** Encodings of one length, to be run together without padding. */
export interface Batch {
  /** Which of the given encodings these are. */
  readonly places: readonly number[]
  /** `[places.length, length]`, row-major. */
  readonly ids: Int32Array
  readonly types: Int32Array
  readonly length: number
}

/** Tokens in a batch at most: beyond it nothing gets faster, and memory grows. */
const mostTokens = 8192

/**
 * Encodings in batches of one length each, shortest first, in the given order within a length.
 * @param size texts in a batch at most
 */
export function* batchesOfOneLength(encodings: readonly Encoding[], size: number): Generator<Batch> {
  const byLength = new Map<number, number[]>()
  encodings.forEach(({ ids }, place) => {
    const places = byLength.get(ids.length)
    if (places) places.push(place)
    else byLength.set(ids.length, [place])
  })
  for (const [length, all] of [...byLength].sort(([a], [b]) => a - b)) {
    const rows = Math.max(1, Math.min(size, Math.floor(mostTokens / length)))
    for (let start = 0; start < all.length; start += rows) {
      const places = all.slice(start, start + rows)
      const ids = new Int32Array(places.length * length)
      const types = new Int32Array(places.length * length)
      places.forEach((place, row) => {
        ids.set(encodings[place]!.ids, row * length)
        types.set(encodings[place]!.types, row * length)
      })
      yield { places, ids, types, length }
    }
  }
}
