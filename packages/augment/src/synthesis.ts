import { type Example, Random } from '@kd/core'
import { CodeUnits } from './code-units.ts'
import type { CheckedOptions } from './options.ts'
import { appendPairKey, pairKey, separator } from './pair-key.ts'
import type { TaggedTexts } from './tagged-texts.ts'
import { originOf, TextSet } from './text-set.ts'
import { Variation } from './variation.ts'
import type { WordPool } from './word-pool.ts'

/** Makes the synthetic examples of one original after another, and remembers all that came out. */
export class Synthesis {
  tried = 0
  made = 0
  readonly #options: CheckedOptions
  readonly #random: Random
  readonly #seen: TextSet
  readonly #text: Variation
  readonly #pair: Variation
  /** The tries of an original that are new, end to end, and where each one's text and the whole try end. */
  readonly #block = new CodeUnits()
  readonly #textEnds: Uint32Array
  readonly #ends: Uint32Array
  /** The same tries as duplicates know them, where that is another text: pairs in any order. */
  readonly #keys = new CodeUnits()
  readonly #anyOrder: boolean
  #changed = false

  /** @param originals how many there will be, where that is known */
  constructor(pool: WordPool, options: CheckedOptions, originals = 0) {
    this.#options = options
    this.#anyOrder = options.anyOrder ?? false
    // By far not every try is new.
    this.#seen = new TextSet(originals * (1 + options.perExample / 2))
    this.#random = new Random(options.seed, 'augment')
    this.#textEnds = new Uint32Array(options.perExample)
    this.#ends = new Uint32Array(options.perExample)
    this.#text = new Variation(pool, options)
    this.#pair = new Variation(pool, options)
    for (const example of options.exclude ?? []) this.#seen.add(pairKey(example, this.#anyOrder), 'excluded')
  }

  /** Notes an original: it is no synthetic example. */
  addOriginal(example: Example): void {
    this.#seen.add(pairKey(example, this.#anyOrder), 'original')
  }

  /**
   * The new examples made of one original.
   * @param index the original's place among all originals
   * @param at index of its text in `texts`; its pair, if it has one, is the next
   */
  examplesOf(original: Example, index: number, texts: TaggedTexts, at: number): Example[] {
    const { perExample, onDrop } = this.#options
    const paired = original.pair !== undefined
    const block = this.#block
    const keys = paired && this.#anyOrder ? this.#keys : block
    block.length = 0
    keys.length = 0
    let count = 0
    this.#text.of(texts, at)
    if (paired) this.#pair.of(texts, at + 1)
    for (let iteration = 0; iteration < perExample; iteration++) {
      const begin = block.length
      this.#textEnds[count] = this.#draw(index, iteration, paired)
      if (this.#changed) {
        if (keys !== block) appendPairKey(keys, block, begin, this.#textEnds[count]!, block.length)
        this.#ends[count++] = block.length
      } else {
        block.length = begin
        onDrop?.('original', unlabelled(original))
      }
    }
    const marks = this.#seen.addEach(keys, this.#ends, count, 'synthetic')
    const all = block.toString()
    const examples: Example[] = []
    for (let i = 0; i < count; i++) {
      const origin = originOf(marks[i]!)
      if (origin && !onDrop) continue
      const text = all.slice(i === 0 ? 0 : this.#ends[i - 1]!, this.#textEnds[i]!)
      const example = paired ? { text, pair: all.slice(this.#textEnds[i]! + separator.length, this.#ends[i]!) } : { text }
      if (origin) onDrop!(origin, example)
      else examples.push(example)
    }
    this.tried += perExample
    this.made += examples.length
    return examples
  }

  /** Adds one try to the block and notes whether anything changed; returns where its text ends. */
  #draw(index: number, iteration: number, paired: boolean): number {
    const block = this.#block
    const random = this.#random.at(iteration, index)
    // Pairs, in turn: the first text varies, the second, both.
    const turn = paired ? iteration % 3 : 0
    this.#changed = turn === 1 ? this.#text.whole(block) : this.#text.draw(random, block)
    const textEnd = block.length
    if (!paired) return textEnd
    block.append(separator.codes, 0, separator.length)
    const pairChanged = turn === 0 ? this.#pair.whole(block) : this.#pair.draw(random, block)
    this.#changed ||= pairChanged
    return textEnd
  }
}

const unlabelled = ({ text, pair }: Example): Example => (pair === undefined ? { text } : { text, pair })
