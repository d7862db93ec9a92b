import { type Example, Random } from '@kd/core'
import { CodeUnits } from './code-units.ts'
import type { CheckedOptions } from './options.ts'
import type { TaggedTexts } from './tagged-texts.ts'
import { hashPair, hashText } from './text-hash.ts'
import { originOf, TextSet } from './text-set.ts'
import { Variation } from './variation.ts'
import type { WordPool } from './word-pool.ts'

/** What a try varies. Those of a pair take turns. */
const turns = { text: 0, pair: 1, both: 2 } as const
type Turn = (typeof turns)[keyof typeof turns]

/** Makes the synthetic examples of one original after another, and remembers all that came out. */
export class Synthesis {
  tried = 0
  made = 0
  readonly #options: CheckedOptions
  readonly #anyOrder: boolean
  readonly #random: Random
  readonly #seen: TextSet
  readonly #text: Variation
  readonly #pair: Variation
  /** The texts that tries made, end to end: of each what it varied. */
  readonly #block = new CodeUnits()
  /** Of each try that changed something: its turn, where in the block its text and its pair end, and its hash. */
  readonly #turns: Uint8Array
  readonly #textEnds: Uint32Array
  readonly #ends: Uint32Array
  readonly #hashes: Uint32Array
  /** Hashes of the original's text, of its pair, and of the varied pair at hand. */
  readonly #textHash = new Uint32Array(2)
  readonly #pairHash = new Uint32Array(2)
  readonly #variedHash = new Uint32Array(2)

  /** @param originals how many there will be, where that is known */
  constructor(pool: WordPool, options: CheckedOptions, originals = 0) {
    const { perExample, anyOrder = false } = options
    this.#options = options
    this.#anyOrder = anyOrder
    // By far not every try is new.
    this.#seen = new TextSet(anyOrder, originals * (1 + perExample / 2))
    this.#random = new Random(options.seed, 'augment')
    this.#turns = new Uint8Array(perExample)
    this.#textEnds = new Uint32Array(perExample)
    this.#ends = new Uint32Array(perExample)
    this.#hashes = new Uint32Array(2 * perExample)
    this.#text = new Variation(pool, options)
    this.#pair = new Variation(pool, options)
    for (const example of options.exclude ?? []) this.#seen.add(example, 'excluded')
  }

  /** Notes an original: it is no synthetic example. */
  addOriginal(example: Example): void {
    this.#seen.add(example, 'original')
  }

  /**
   * The new examples made of one original.
   * @param index the original's place among all originals
   * @param at index of its text in `texts`; its pair, if it has one, is the next
   */
  examplesOf(original: Example, index: number, texts: TaggedTexts, at: number): Example[] {
    const { perExample, onDrop } = this.#options
    const { text, pair } = original
    const block = this.#block
    block.length = 0
    let count = 0
    this.#text.of(texts, at)
    if (pair !== undefined) {
      this.#text.hash(this.#textHash)
      this.#pair.of(texts, at + 1).hash(this.#pairHash)
    }
    for (let iteration = 0; iteration < perExample; iteration++) {
      const begin = block.length
      const random = this.#random.at(iteration, index)
      const isNew = pair === undefined ? this.#varyText(count, random) : this.#varyPair(count, random, (iteration % 3) as Turn)
      if (isNew) count++
      else {
        block.length = begin
        onDrop?.('original', pair === undefined ? { text } : { text, pair })
      }
    }
    const marks = this.#seen.addEach(this.#hashes, count, 'synthetic')
    const all = block.toString()
    const examples: Example[] = []
    for (let i = 0; i < count; i++) {
      const origin = originOf(marks[i]!)
      if (origin && !onDrop) continue
      const turn = this.#turns[i]
      const textEnd = this.#textEnds[i]!
      const made = turn === turns.pair ? text : all.slice(i === 0 ? 0 : this.#ends[i - 1]!, textEnd)
      const example =
        pair === undefined ? { text: made } : { text: made, pair: turn === turns.text ? pair : all.slice(textEnd, this.#ends[i]!) }
      if (origin) onDrop!(origin, example)
      else examples.push(example)
    }
    this.tried += perExample
    this.made += examples.length
    return examples
  }

  /** Adds a try, the `count`-th, to the block; returns whether it changed anything. */
  #varyText(count: number, random: Random): boolean {
    const block = this.#block
    const begin = block.length
    const isChanged = this.#text.draw(random, block)
    this.#turns[count] = turns.text
    this.#textEnds[count] = block.length
    this.#ends[count] = block.length
    hashText(this.#hashes, 2 * count, block.codes, begin, block.length)
    return isChanged
  }

  /** As `#varyText`, of a pair. */
  #varyPair(count: number, random: Random, turn: Turn): boolean {
    const [block, hashes, at] = [this.#block, this.#hashes, 2 * count]
    const begin = block.length
    let isChanged = turn !== turns.pair && this.#text.draw(random, block)
    const textEnd = block.length
    if (turn !== turns.text && this.#pair.draw(random, block)) isChanged = true
    this.#turns[count] = turn
    this.#textEnds[count] = textEnd
    this.#ends[count] = block.length
    if (!isChanged) return false
    if (turn === turns.pair) {
      hashes[at] = this.#textHash[0]!
      hashes[at + 1] = this.#textHash[1]!
    } else hashText(hashes, at, block.codes, begin, textEnd)
    const other = turn === turns.text ? this.#pairHash : this.#variedHash
    if (turn !== turns.text) hashText(other, 0, block.codes, textEnd, block.length)
    hashPair(hashes, at, other, 0, this.#anyOrder)
    return true
  }
}
