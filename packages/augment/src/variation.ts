import type { Random } from '@kd/core'
import { CodeUnits } from './code-units.ts'
import { maskToken } from './mask.ts'
import { ngramWindow } from './ngram.ts'
import { numbersPerWord, type TaggedTexts } from './tagged-texts.ts'
import { hashText } from './text-hash.ts'
import type { WordPool } from './word-pool.ts'

export interface Rates {
  readonly mask: number
  readonly replace: number
  readonly ngram: number
}

const maskCodes = new CodeUnits(maskToken)
const maskId = -2

/**
 * The three rules in one pass over one text after another: a uniform draw a word decides between `[MASK]`, a word of
 * the same tag and the word itself, then the n-gram is cut. What is untouched is taken over in whole stretches with
 * its spacing.
 */
export class Variation {
  readonly #pool: WordPool
  readonly #rates: Rates
  readonly #text = new CodeUnits()
  #words = new Uint32Array()
  #begin = 0
  #end = 0
  #draws = new Uint32Array(64)
  // The words that change: where each stands in #words, and what it becomes.
  #changed = new Uint32Array(64)
  #becomes = new Int32Array(64)

  constructor(pool: WordPool, rates: Rates) {
    this.#pool = pool
    this.#rates = rates
  }

  /** Takes the text that the next calls vary. */
  of(texts: TaggedTexts, index: number): this {
    this.#text.length = 0
    this.#text.appendText(texts.texts[index]!)
    this.#words = texts.words
    this.#begin = texts.begins[index]!
    this.#end = texts.begins[index + 1]!
    const count = (this.#end - this.#begin) / numbersPerWord
    if (count > this.#changed.length) {
      this.#draws = new Uint32Array(count)
      this.#changed = new Uint32Array(count)
      this.#becomes = new Int32Array(count)
    }
    return this
  }

  /** Puts the text's hash into `hashes`. */
  hash(hashes: Uint32Array): void {
    hashText(hashes, 0, this.#text.codes, 0, this.#text.length)
  }

  /** Adds one variation of the text; returns false where no word changed and none was cut off. */
  draw(random: Random, made: CodeUnits): boolean {
    const words = this.#words
    const changes = this.#change(random)
    let from = 0
    let to = this.#text.length
    if (random.uniform() < this.#rates.ngram && this.#end > this.#begin) {
      const [first, end] = ngramWindow((this.#end - this.#begin) / numbersPerWord, random)
      from = words[this.#begin + numbersPerWord * first]!
      to = words[this.#begin + numbersPerWord * (end - 1) + 1]!
    }
    for (let i = 0; i < changes; i++) {
      const at = this.#changed[i]!
      const start = words[at]!
      if (start < from) continue
      if (start >= to) break
      made.append(this.#text.codes, from, start)
      const id = this.#becomes[i]!
      if (id === maskId) made.append(maskCodes.codes, 0, maskCodes.length)
      else made.append(this.#pool.codes.codes, this.#pool.begins[id]!, this.#pool.begins[id + 1]!)
      from = words[at + 1]!
    }
    made.append(this.#text.codes, from, to)
    return changes > 0 || to - from < this.#text.length
  }

  /** Draws what each word becomes; returns how many change. */
  #change(random: Random): number {
    const mask = this.#rates.mask * 2 ** 32
    const change = mask + this.#rates.replace * 2 ** 32
    if (change === 0) return 0
    const draws = this.#draws
    const count = (this.#end - this.#begin) / numbersPerWord
    random.fill(draws, count)
    let changes = 0
    for (let i = 0; i < count; i++) {
      if (draws[i]! >= change) continue
      const at = this.#begin + numbersPerWord * i
      const id = draws[i]! < mask ? maskId : this.#pool.drawId(this.#words[at + 2]!, random)
      if (id === -1) continue
      this.#changed[changes] = at
      this.#becomes[changes++] = id
    }
    return changes
  }
}
