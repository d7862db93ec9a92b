import { type Example, textKey } from '@kd/core'
import { hash128, hashBytes } from '../store/text-hash.ts'

const chunkBytes = 2 ** 22
const noPair = -1

/**
 * Distinct texts, packed: UTF-8 in a few big buffers, so that a million sentences take their bytes and 40 more each.
 * Texts have numbers in the order they came in.
 */
export class TextArena {
  length = 0
  #chunks: Buffer[] = []
  #used = 0
  #chunkOf = new Uint32Array(1024)
  #startOf = new Uint32Array(1024)
  #bytesOf = new Uint32Array(1024)
  /** Where the second text of a pair begins, in characters of the decoded text. */
  #pairOf = new Int32Array(1024)
  #keys = new Uint8Array(1024 * hashBytes)
  #numbers: Map<string, number> | undefined = new Map()

  /** The number of an example's text: a new one where it has not come in before. */
  add(example: Example): number {
    const bytes = Buffer.from(textKey(example))
    const hash = hash128(bytes)
    const name = hash.toString('latin1')
    const known = this.#numbers!.get(name)
    if (known !== undefined) return known
    const number = this.length++
    if (number === this.#chunkOf.length) this.#grow()
    if (this.#chunks.length === 0 || this.#used + bytes.length > this.#chunks.at(-1)!.length) {
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes.length)))
      this.#used = 0
    }
    bytes.copy(this.#chunks.at(-1)!, this.#used)
    this.#chunkOf[number] = this.#chunks.length - 1
    this.#startOf[number] = this.#used
    this.#bytesOf[number] = bytes.length
    this.#pairOf[number] = example.pair === undefined ? noPair : example.text.length + 1
    this.#keys.set(hash, number * hashBytes)
    this.#numbers!.set(name, number)
    this.#used += bytes.length
    return number
  }

  /** Forgets what only `add` needs. */
  seal(): void {
    this.#numbers = undefined
  }

  /** The example of a text, without a label. */
  example(number: number): Example {
    const start = this.#startOf[number]!
    const text = this.#chunks[this.#chunkOf[number]!]!.toString('utf8', start, start + this.#bytesOf[number]!)
    const pairAt = this.#pairOf[number]!
    return pairAt === noPair ? { text } : { text: text.slice(0, pairAt - 1), pair: text.slice(pairAt) }
  }

  /** A text's key in the store. */
  key(number: number): Uint8Array {
    return this.#keys.subarray(number * hashBytes, (number + 1) * hashBytes)
  }

  #grow(): void {
    this.#chunkOf = grown(this.#chunkOf)
    this.#startOf = grown(this.#startOf)
    this.#bytesOf = grown(this.#bytesOf)
    this.#pairOf = grown(this.#pairOf)
    this.#keys = grown(this.#keys)
  }
}

/** A copy of a typed array with twice its length. */
export function grown<T extends Uint8Array | Uint32Array | Int32Array | Float32Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2)
  larger.set(array)
  return larger
}
