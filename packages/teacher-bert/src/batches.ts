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

/** What a batch may hold. */
export interface BatchLimits {
  readonly texts: number
  readonly tokens: number
}

/**
 * Encodings in batches of one length each, shortest first, in the given order within a length.
 */
export function* batchesOfOneLength(encodings: readonly Encoding[], { texts, tokens }: BatchLimits): Generator<Batch> {
  const byLength = new Map<number, number[]>()
  encodings.forEach(({ ids }, place) => {
    const places = byLength.get(ids.length)
    if (places) places.push(place)
    else byLength.set(ids.length, [place])
  })
  for (const [length, all] of [...byLength].sort(([a], [b]) => a - b)) {
    const most = Math.max(1, Math.min(texts, Math.floor(tokens / length)))
    const rows = Math.ceil(all.length / Math.ceil(all.length / most))
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
