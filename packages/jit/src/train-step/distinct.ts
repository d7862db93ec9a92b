import { KdError } from '@kd/core'

export interface Distinct {
  /** The distinct ids in the order of their first use, padded by repeats of the first. */
  readonly ids: Int32Array
  /** How many of them are no padding. */
  readonly count: number
  /** For each id of the batch its place in `ids`. */
  readonly positions: Int32Array
}

/** Finds the distinct ids of a batch; the scratch memory, one number a row of the table, is kept between batches. */
export class DistinctIds {
  readonly #place: Int32Array

  constructor(rows: number) {
    this.#place = new Int32Array(rows).fill(-1)
  }

  /**
   * @param room for so many distinct ids at the least
   * @throws KdError of kind `option` for an id outside the table
   */
  of(ids: Int32Array, room = 0): Distinct {
    const place = this.#place
    const positions = new Int32Array(ids.length)
    const found: number[] = []
    let outside: number | undefined
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!
      if (!(id >= 0 && id < place.length)) {
        outside = id
        break
      }
      let at = place[id]!
      if (at < 0) place[id] = at = found.push(id) - 1
      positions[i] = at
    }
    for (const id of found) place[id] = -1
    if (outside !== undefined) {
      throw new KdError({
        kind: 'option',
        what: `the id ${outside} is not a row of the table of ${place.length}`,
        where: { option: 'ids' },
      })
    }
    const padded = new Int32Array(distinctBucket(Math.max(found.length, room))).fill(found[0] ?? 0)
    padded.set(found)
    return { ids: padded, count: found.length, positions }
  }
}

/** Which of `count` places occur, in the order of their first use, and for each of the given ones its place among those. */
export function distinctPlaces(given: Int32Array, count: number): { readonly places: Int32Array; readonly positions: Int32Array } {
  const at = new Int32Array(count).fill(-1)
  const places = new Int32Array(Math.min(count, given.length))
  const positions = new Int32Array(given.length)
  let found = 0
  for (let index = 0; index < given.length; index++) {
    const place = given[index]!
    if (at[place]! < 0) {
      places[found] = place
      at[place] = found++
    }
    positions[index] = at[place]!
  }
  return { places: places.subarray(0, found), positions }
}

/** The next of four sizes an octave: padding costs 8 % on average, and few graphs are made. */
export function distinctBucket(count: number): number {
  if (count <= 16) return 16
  const grain = 2 ** (Math.floor(Math.log2(count)) - 2)
  return Math.ceil(count / grain) * grain
}
