import { type Example, Random, textKey } from '@kd/core'
import { CodeUnits } from './code-units.ts'
import type { CheckedOptions } from './options.ts'
import type { TaggedTexts } from './tagged-texts.ts'
import { TextSet } from './text-set.ts'
import { Variation } from './variation.ts'
import type { WordPool } from './word-pool.ts'

/** Between the texts of a pair, as core's `textKey` has it. */
const separator = new CodeUnits(textKey({ text: '', pair: '' }))

/** Makes the synthetic examples of one original after another, and remembers all that came out. */
export class Synthesis {
  tried = 0
  made = 0
  readonly #options: CheckedOptions
  readonly #random: Random
  readonly #seen = new TextSet()
  readonly #text: Variation
  readonly #pair: Variation
  /** The tries of an original that are new, end to end, and where each one's text and the whole try end. */
  readonly #block = new CodeUnits()
  readonly #textEnds: number[] = []
  readonly #ends: number[] = []

  constructor(pool: WordPool, options: CheckedOptions) {
    this.#options = options
    this.#random = new Random(options.seed, 'augment')
    this.#text = new Variation(pool, options)
    this.#pair = new Variation(pool, options)
    for (const example of options.exclude ?? []) this.#seen.add(textKey(example), 'excluded')
  }

  /** Notes an original: it is no synthetic example. */
  addOriginal(example: Example): void {
    this.#seen.add(textKey(example), 'original')
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
    block.length = this.#ends.length = this.#textEnds.length = 0
    this.#text.of(texts, at)
    if (paired) this.#pair.of(texts, at + 1)
    for (let iteration = 0; iteration < perExample; iteration++) {
      const begin = block.length
      const textEnd = this.#draw(index, iteration, paired)
      const known = this.#seen.addCodes(block, begin, 'synthetic')
      if (known) {
        onDrop?.(known, this.#example(block.toString(), begin, textEnd, block.length, paired))
        block.length = begin
      } else {
        this.#textEnds.push(textEnd)
        this.#ends.push(block.length)
      }
    }
    const all = block.toString()
    const examples = this.#ends.map((end, i) => this.#example(all, this.#ends[i - 1] ?? 0, this.#textEnds[i]!, end, paired))
    this.tried += perExample
    this.made += examples.length
    return examples
  }

  /** Adds one try to the block; returns where its text ends. */
  #draw(index: number, iteration: number, paired: boolean): number {
    const block = this.#block
    const random = this.#random.at(iteration, index)
    // Pairs, in turn: the first text varies, the second, both.
    const turn = paired ? iteration % 3 : 0
    if (turn === 1) this.#text.whole(block)
    else this.#text.draw(random, block)
    const textEnd = block.length
    if (!paired) return textEnd
    block.append(separator.codes, 0, separator.length)
    if (turn === 0) this.#pair.whole(block)
    else this.#pair.draw(random, block)
    return textEnd
  }

  #example(all: string, begin: number, textEnd: number, end: number, paired: boolean): Example {
    const text = all.slice(begin, textEnd)
    return paired ? { text, pair: all.slice(textEnd + separator.length, end) } : { text }
  }
}
