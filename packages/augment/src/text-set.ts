import { CodeUnits } from './code-units.ts'

/** How a text came into the set: as one that is given, one that may not come out, or one that did. */
export type Origin = 'original' | 'excluded' | 'synthetic'
const origins: readonly Origin[] = ['original', 'excluded', 'synthetic']

/**
 * Which texts were seen, by a 62-bit hash of each: 11 to 22 bytes a text, however long. Among n different texts two
 * share a hash with probability n^2 / 2^63 (a million: 1 in 10^7; a hundred million: 1 in 1,000), and then one of them
 * is taken for a duplicate.
 */
export class TextSet {
  /** Slots of two numbers: 32 bits of the hash, and 30 bits of it above two that tell the origin, 0 where the slot is free. */
  #slots: Uint32Array
  #size = 0
  readonly #text = new CodeUnits()

  /** @param expected how many texts it makes room for at once; it grows where there are more */
  constructor(expected = 0) {
    this.#slots = new Uint32Array(2 ** Math.max(11, Math.ceil(Math.log2((8 / 3) * expected + 1))))
  }

  get size(): number {
    return this.#size
  }

  /** Adds a text that is new and returns undefined; of one that was there, returns how it came in. */
  add(text: string, origin: Origin): Origin | undefined {
    this.#text.length = 0
    this.#text.appendText(text)
    return this.addCodes(this.#text, 0, origin)
  }

  /** As `add`, of a text that is no string yet: the code units from `begin` on. */
  addCodes({ codes, length }: CodeUnits, begin: number, origin: Origin): Origin | undefined {
    // Two lanes of 32 bits, each multiplying and folding its upper bits back, so that every character reaches all bits.
    let a = 0x9e3779b1
    let b = 0x85ebca77
    for (let i = begin; i < length; i += 2) {
      // Two characters at a time; a last one alone is told from one before a zero by the length.
      const two = codes[i]! | (i + 1 < length ? codes[i + 1]! << 16 : 0)
      a = Math.imul(a ^ two, 0xcc9e2d51)
      a ^= a >>> 15
      b = Math.imul(b + two, 0x1b873593)
      b = (b << 13) | (b >>> 19)
    }
    a ^= length - begin
    const found = this.#insert(avalanche(a), avalanche(b ^ Math.imul(a, 5)), 1 + origins.indexOf(origin))
    return found === 0 ? undefined : origins[found - 1]
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

/** Spreads every bit over all 32 (the last step of MurmurHash3). */
function avalanche(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
