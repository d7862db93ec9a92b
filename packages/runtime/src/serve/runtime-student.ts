import { type Example, KdError } from '@kd/core'
import { type Prediction, predictionOf } from '../prediction.ts'
import type { Comparison, Encoded, Pairs, pairsOf } from './compare.ts'
import type { Kernels } from './kernels.ts'
import type { Served } from './served.ts'
import { WordCache } from './word-cache.ts'

/** A text, or an example: two texts for a student of pairs. */
export type Input = string | Pick<Example, 'text' | 'pair'>

/** A student that answers at once, in this thread. */
export class RuntimeStudent {
  /** Names of the classes in the order of the logits. */
  readonly labels: readonly string[]
  /** `bilstm` reads one text, `siamese` two. */
  readonly kind: 'bilstm' | 'siamese'
  readonly task: string | undefined
  /** Texts are cut after so many words. */
  readonly maxLength: number
  /** What does the arithmetic. */
  readonly engine: 'wasm' | 'javascript'
  readonly #served: Served
  readonly #kernels: Kernels
  readonly #cache: WordCache
  readonly #ids: Int32Array
  readonly #pairs: Pairs | undefined
  readonly #logits: Float32Array

  /** Made by `load`, with what students of pairs need beside. */
  constructor(served: Served, kernels: Kernels, pairs?: typeof pairsOf) {
    const { labels, student, task, maxLength, vocabularySize } = served.config
    this.labels = Object.freeze([...labels])
    this.kind = student
    this.task = task
    this.maxLength = maxLength
    this.engine = kernels.engine
    this.#served = served
    this.#kernels = kernels
    this.#cache = new WordCache(vocabularySize, kernels.slots, kernels.project)
    this.#ids = new Int32Array(maxLength)
    this.#logits = new Float32Array(labels.length)
    this.#pairs = pairs?.(kernels, (text) => this.#states(text), { labels: this.labels, size: 2 * served.config.hidden })
  }

  /**
   * The most probable label of a text, or of an example; for a student of pairs of two texts, or `{ text, pair }`.
   * @throws KdError of kind `data` where a pair is missing or one too many
   */
  predict(input: Input, pair?: string): Prediction {
    this.#classify(typeof input === 'string' ? { text: input, pair } : input)
    return predictionOf(this.#logits, this.labels)
  }

  /** As `predict` for each; equal texts are answered once. */
  predictBatch(inputs: readonly Input[]): Prediction[] {
    const known = new Map<string, Prediction>()
    return inputs.map((input) => {
      const key = typeof input === 'string' ? input : JSON.stringify([input.text, input.pair])
      let prediction = known.get(key)
      if (!prediction) known.set(key, (prediction = this.predict(input)))
      return prediction
    })
  }

  /**
   * Logits of a text, an example, or the ids of one text's words.
   * @param out where to write them; with ids nothing is allocated then. Default: a new array
   * @throws KdError of kind `option` for ids that are no words
   */
  logits(input: Input | Int32Array, out: Float32Array = new Float32Array(this.labels.length)): Float32Array {
    if (out.length !== this.labels.length) {
      throw new KdError({ kind: 'option', what: `it has ${out.length} places for ${this.labels.length} logits`, where: { option: 'out' } })
    }
    if (input instanceof Int32Array) {
      this.#check(input)
      this.#kernels.classify(this.#run(input, input.length), this.#logits)
    } else this.#classify(input)
    out.set(this.#logits)
    return out
  }

  /** Ids of a text's words, as the student reads them. */
  ids(text: string): Int32Array {
    return this.#ids.slice(0, this.#served.vocabulary.write(text, this.#ids))
  }

  /**
   * Reads the texts of one side of pairs once, for `compare`.
   * @throws KdError of kind `option` for a student of single texts
   */
  encode(texts: readonly string[]): Encoded {
    return this.#ofPairs('encode').encode(texts)
  }

  /**
   * A text against many known ones: the last layers alone run for each.
   * @param known what `encode` gave, or a plain object with its fields
   */
  compare(text: string, known: Encoded): Comparison {
    return this.#ofPairs('compare').compare(text, known)
  }

  #classify(input: Input): void {
    const { text, pair } = typeof input === 'string' ? { text: input, pair: undefined } : input
    if (this.kind === 'siamese') {
      if (pair === undefined) throw data('this student reads pairs: give { text, pair }')
      this.#kernels.keepFirst(this.#states(text))
    } else if (pair !== undefined) {
      throw data('this student reads one text: leave the pair out')
    }
    this.#kernels.classify(this.#states(pair ?? text), this.#logits)
  }

  /** A text's final states: a view, until the next call. */
  #states(text: string): Float32Array {
    return this.#run(this.#ids, this.#served.vocabulary.write(text, this.#ids))
  }

  #run(ids: Int32Array, length: number): Float32Array {
    this.#cache.place(ids, length, this.#kernels.places)
    return this.#kernels.states(length)
  }

  #check(ids: Int32Array): void {
    const fail = (what: string, option?: string) => new KdError({ kind: 'option', what, where: { option } })
    if (this.#pairs) throw fail('logits of ids needs a student of single texts')
    const words = this.#served.config.vocabularySize
    if (ids.length >= 1 && ids.length <= this.maxLength && ids.every((id) => id >= 1 && id < words)) return
    throw fail(`it is not 1 to ${this.maxLength} ids of words, from 1 to ${words - 1}`, 'input')
  }

  #ofPairs(method: string): Pairs {
    if (this.#pairs) return this.#pairs
    throw new KdError({ kind: 'option', what: `${method} needs a student of pairs, this one is a ${this.kind}` })
  }
}

const data = (what: string) => new KdError({ kind: 'data', what })
