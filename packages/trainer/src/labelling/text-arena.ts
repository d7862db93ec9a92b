import { type Example, textKey } from '@kd/core'
import { hash128, hashBytes } from '../store/text-hash.ts'
import { TextFile } from './text-file.ts'

const noPair = -1

/**
 * Distinct texts, packed: UTF-8 on disk but for the newest, and 32 bytes of memory each. Texts have numbers in the order
 * they came in.
 */
export class TextArena {
  length = 0
  readonly #bytes = new TextFile()
  #startOf = new Float64Array(1024)
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
    const start = this.#bytes.add(bytes)
    const number = this.length++
    if (number === this.#startOf.length) this.#grow()
    this.#startOf[number] = start
    this.#bytesOf[number] = bytes.length
    this.#pairOf[number] = example.pair === undefined ? noPair : example.text.length + 1
    this.#keys.set(hash, number * hashBytes)
    this.#numbers!.set(name, number)
    return number
  }

  /** Forgets what only `add` needs. */
  seal(): void {
    this.#numbers = undefined
  }

  /** The example of a text, without a label. */
  example(number: number): Example {
    const text = this.#bytes.text(this.#startOf[number]!, this.#bytesOf[number]!)
    const pairAt = this.#pairOf[number]!
    return pairAt === noPair ? { text } : { text: text.slice(0, pairAt - 1), pair: text.slice(pairAt) }
  }

  /** Lets go of the file; texts must not be asked for from then on. */
  close(): void {
    this.#bytes.close()
  }

  /** A text's key in the store. */
  key(number: number): Uint8Array {
    return this.#keys.subarray(number * hashBytes, (number + 1) * hashBytes)
  }

  #grow(): void {
    this.#startOf = grown(this.#startOf)
    this.#bytesOf = grown(this.#bytesOf)
    this.#pairOf = grown(this.#pairOf)
    this.#keys = grown(this.#keys)
  }
}

/** A copy of a typed array with twice its length. */
export function grown<T extends Uint8Array | Uint32Array | Int32Array | Float32Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2)
  larger.set(array)
  return larger
}
