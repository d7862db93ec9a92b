import type { Example } from '@kd/core'
import { CodeUnits } from './code-units.ts'
import { hashPair, hashText } from './text-hash.ts'

/** How a text came into the set: as one that is given, one that may not come out, or one that did. */
export type Origin = 'original' | 'excluded' | 'synthetic'
const origins: readonly Origin[] = ['original', 'excluded', 'synthetic']

/** The origin that a mark of `addEach` stands for; undefined for 0. */
export const originOf = (mark: number): Origin | undefined => (mark === 0 ? undefined : origins[mark - 1])

/**
 * Which texts and pairs were seen, by a 62-bit hash of each: 11 to 22 bytes a text, however long. Among n different texts two
 * share a hash with probability n^2 / 2^63 (a million: 1 in 10^7; a hundred million: 1 in 1,000), and then one of them
 * is taken for a duplicate.
 */
export class TextSet {
  /** Slots of two numbers: 32 bits of the hash, and 30 bits of it above two that tell the origin, 0 where the slot is free. */
  #slots: Uint32Array
  #size = 0
  readonly #text = new CodeUnits()
  readonly #own = new Uint32Array(4)
  readonly #anyOrder: boolean
  #marks = new Uint8Array(32)
  #touched = 0

  /**
   * @param anyOrder whether a pair is the same as the two texts the other way round
   * @param expected how many texts it makes room for at once; it grows where there are more
   */
  constructor(anyOrder = false, expected = 0) {
    this.#anyOrder = anyOrder
    this.#slots = new Uint32Array(2 ** Math.max(11, Math.ceil(Math.log2((8 / 3) * expected + 1))))
  }

  get size(): number {
    return this.#size
  }

  /** Adds a text or pair that is new and returns undefined; of one that was there, returns how it came in. */
  add({ text, pair }: Example, origin: Origin): Origin | undefined {
    this.#hash(0, text)
    if (pair !== undefined) {
      this.#hash(2, pair)
      hashPair(this.#own, 0, this.#own, 2, this.#anyOrder)
    }
    return originOf(this.addEach(this.#own, 1, origin)[0]!)
  }

  /**
   * As `add`, of several texts or pairs by their hashes.
   * @param hashes two numbers for each, `count` of them
   * @returns a mark for each, 0 where it is new, valid until the next call
   */
  addEach(hashes: Uint32Array, count: number, origin: Origin): Uint8Array {
    if (count > this.#marks.length) this.#marks = new Uint8Array(count)
    // Look-ups wait for memory: all slots are fetched at once before the first decides anything.
    const last = this.#slots.length - 2
    for (let i = 0; i < count; i++) this.#touched ^= this.#slots[((2 * hashes[2 * i]!) & last) + 1]!
    const mark = 1 + origins.indexOf(origin)
    for (let i = 0; i < count; i++) this.#marks[i] = this.#insert(hashes[2 * i]!, hashes[2 * i + 1]!, mark)
    return this.#marks
  }

  #hash(at: number, text: string): void {
    this.#text.length = 0
    this.#text.appendText(text)
    hashText(this.#own, at, this.#text.codes, 0, this.#text.length)
  }

  /** The mark of the text that was there, 0 where it is new. */
  #insert(low: number, high: number, mark: number): number {
    if (8 * this.#size >= 3 * this.#slots.length) this.#grow()
    const slots = this.#slots
    const slot = slotOf(slots, low, high)
    const found = slots[slot + 1]! & 3
    if (found !== 0) return found
    slots[slot] = low
    slots[slot + 1] = (high & ~3) | mark
    this.#size++
    return 0
  }

  #grow(): void {
    const before = this.#slots
    const slots = new Uint32Array(2 * before.length)
    for (let i = 0; i < before.length; i += 2) {
      const high = before[i + 1]!
      if ((high & 3) === 0) continue
      const slot = slotOf(slots, before[i]!, high)
      slots[slot] = before[i]!
      slots[slot + 1] = high
    }
    this.#slots = slots
  }
}

/** Where the hash is, or the free slot where it belongs. */
function slotOf(slots: Uint32Array, low: number, high: number): number {
  const last = slots.length - 2
  let slot = (2 * low) & last
  while ((slots[slot + 1]! & 3) !== 0 && (slots[slot] !== low || (slots[slot + 1]! ^ high) >>> 2 !== 0)) slot = (slot + 2) & last
  return slot
}
