import { KdError } from './error.ts'

/**
 * Random numbers from (seed, purpose, step, place): Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
 * easy as 1, 2, 3"), so that any number can be had without those before it, and a run that was interrupted goes on
 * with the same ones. The key is the seed mixed with the purpose; the counter is (draw, place, step).
 */
export class Random {
  readonly #key0: number
  readonly #key1: number
  readonly #block = new Uint32Array(4)
  #step = 0
  #place = 0
  #placeHigh = 0
  #draw = 0

  /**
   * @param seed a whole number from 0 to 2^53 - 1
   * @param purpose keeps streams of one seed apart, such as `augment` or `shuffle`
   */
  constructor(seed: number, purpose = '') {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new KdError({ kind: 'option', what: `${seed} is not a whole number from 0 to 2^53 - 1`, where: { option: 'seed' } })
    }
    this.#key0 = (seed >>> 0) ^ fnv1a(purpose, 0x811c9dc5)
    this.#key1 = Math.floor(seed / 2 ** 32) ^ fnv1a(purpose, 0x9747b28c)
    if (purpose === '') {
      this.#key0 = seed >>> 0
      this.#key1 = Math.floor(seed / 2 ** 32)
    }
  }

  /** Goes to the first number of (step, place). `step` is below 2^32, `place` below 2^53. Returns itself. */
  at(step: number, place = 0): this {
    this.#step = step
    this.#place = place >>> 0
    this.#placeHigh = Math.floor(place / 2 ** 32)
    this.#draw = 0
    return this
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const lane = this.#draw & 3
    if (lane === 0) philox4x32(this.#draw >>> 2, this.#place, this.#placeHigh, this.#step, this.#key0, this.#key1, this.#block)
    this.#draw++
    return this.#block[lane]!
  }

  /** The next `count` numbers at once: what as many calls of `uint32` give. */
  fill(out: Uint32Array, count: number = out.length): void {
    let i = 0
    while (i < count && (this.#draw & 3) !== 0) out[i++] = this.uint32()
    for (; i + 4 <= count; i += 4) {
      philox4x32(this.#draw >>> 2, this.#place, this.#placeHigh, this.#step, this.#key0, this.#key1, out, i)
      this.#draw += 4
    }
    while (i < count) out[i++] = this.uint32()
  }

  /** In [0, 1), with 32 bits. */
  uniform(): number {
    return this.uint32() / 2 ** 32
  }

  /** A whole number from 0 to `below` - 1, each equally likely to within `below` / 2^53. */
  integer(below: number): number {
    return below <= 2 ** 20
      ? Math.floor(this.uniform() * below)
      : Math.floor((((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53) * below)
  }

  /** Normally distributed, mean 0, variance 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Shuffles in place (Fisher and Yates). Returns the array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(last + 1)
      const kept = items[last]
      items[last] = items[other]
      items[other] = kept
    }
    return items
  }
}

/** One block of Philox4x32-10: four words from a counter of four words and a key of two, into `out` from `at` on. */
export function philox4x32(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: Uint32Array, at = 0): void {
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(c0, 0xd2511f53)
    const high0 = multiplyHigh(c0, 0xd251, 0x1f53)
    const low1 = Math.imul(c2, 0xcd9e8d57)
    const high1 = multiplyHigh(c2, 0xcd9e, 0x8d57)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + 0x9e3779b9) | 0
    k1 = (k1 + 0xbb67ae85) | 0
  }
  out[at] = c0
  out[at + 1] = c1
  out[at + 2] = c2
  out[at + 3] = c3
}

/** Upper half of a 32 x 32 bit product, the second factor given in two halves of 16 bits. */
function multiplyHigh(a: number, bHigh: number, bLow: number): number {
  const aHigh = a >>> 16
  const aLow = a & 0xffff
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const other = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0
}

function fnv1a(text: string, basis: number): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
