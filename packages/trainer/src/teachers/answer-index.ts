import { grown } from '../labelling/text-arena.ts'
import { hashBytes } from '../store/text-hash.ts'

/**
 * Rows of numbers by a text's key, packed: some 30 bytes a text and 4 for each number. Rows of one key are averaged.
 */
export class AnswerIndex {
  length = 0
  readonly #width: number
  #keys = new Uint8Array(1024 * hashBytes)
  #rows: Float32Array
  #counts = new Uint32Array(1024)
  /** Open addressing: numbers of rows plus 1, 0 where a slot is free; twice as many slots as rows at the least. */
  #slots = new Uint32Array(4096)

  constructor(width: number) {
    this.#width = width
    this.#rows = new Float32Array(1024 * width)
  }

  add(key: Uint8Array, row: ArrayLike<number>): void {
    if (this.length === this.#counts.length) this.#grow()
    const slot = this.#slotOf(key)
    let number = this.#slots[slot]! - 1
    if (number < 0) {
      number = this.length++
      this.#slots[slot] = number + 1
      this.#keys.set(key, number * hashBytes)
    }
    const count = ++this.#counts[number]!
    for (let index = 0; index < this.#width; index++) {
      const at = number * this.#width + index
      this.#rows[at] = count === 1 ? row[index]! : this.#rows[at]! + (row[index]! - this.#rows[at]!) / count
    }
  }

  /** The row of a key: a view. */
  get(key: Uint8Array): Float32Array | undefined {
    const number = this.#slots[this.#slotOf(key)]! - 1
    return number < 0 ? undefined : this.#rows.subarray(number * this.#width, (number + 1) * this.#width)
  }

  /** All keys and rows, as they came in. */
  bytes(): Uint8Array[] {
    const rows = this.#rows.subarray(0, this.length * this.#width)
    return [this.#keys.subarray(0, this.length * hashBytes), new Uint8Array(rows.buffer, 0, rows.byteLength)]
  }

  /** The slot that holds a key, or the free one where it belongs. */
  #slotOf(key: Uint8Array): number {
    const mask = this.#slots.length - 1
    let slot = (key[0]! | (key[1]! << 8) | (key[2]! << 16) | (key[3]! << 24)) & mask
    for (;;) {
      const number = this.#slots[slot]! - 1
      if (number < 0 || this.#holds(number, key)) return slot
      slot = (slot + 1) & mask
    }
  }

  #holds(number: number, key: Uint8Array): boolean {
    const start = number * hashBytes
    for (let byte = 0; byte < hashBytes; byte++) if (this.#keys[start + byte] !== key[byte]) return false
    return true
  }

  #grow(): void {
    this.#keys = grown(this.#keys)
    this.#rows = grown(this.#rows)
    this.#counts = grown(this.#counts)
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let number = 0; number < this.length; number++) {
      const own = this.#keys.subarray(number * hashBytes, (number + 1) * hashBytes)
      this.#slots[this.#slotOf(own)] = number + 1
    }
  }
}
