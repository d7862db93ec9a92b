import { KdError } from '@kd/core'
import { tokenize } from './tokenize.ts'

/** Ids that are no word of a text. `[MASK]` is: augmentation writes it. */
export const specialWords = Object.freeze(['[PAD]', '[UNK]', '[MASK]'] as const)
export const paddingId = 0
export const unknownId = 1
export const maskId = 2

export interface VocabularyOptions {
  /** At most this many words, the three special ones among them. Default: 15,000. */
  size?: number
  /** Words seen less often are unknown. Default: 1. */
  minimumCount?: number
}

/** A student's words; a word's position is its id. */
export class Vocabulary {
  /** All words by id: padding, unknown and `[MASK]`, then the others by falling frequency. */
  readonly words: readonly string[]
  readonly #ids: ReadonlyMap<string, number>

  private constructor(words: readonly string[]) {
    this.words = words
    this.#ids = new Map(words.map((word, id) => [word, id]))
  }

  /**
   * The most frequent words of the texts; of equally frequent ones those that came first.
   * @param texts as they stand in the data; they are read once
   */
  static build(texts: Iterable<string>, { size = 15_000, minimumCount = 1 }: VocabularyOptions = {}): Vocabulary {
    atLeast(specialWords.length + 1, 'size', size)
    atLeast(1, 'minimumCount', minimumCount)
    const counts = new Map<string, number>()
    for (const text of texts) for (const word of tokenize(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
    counts.delete(specialWords[maskId])
    const byFrequency = [...counts].filter(([, count]) => count >= minimumCount).sort((a, b) => b[1] - a[1])
    return new Vocabulary([...specialWords, ...byFrequency.slice(0, size - specialWords.length).map(([word]) => word)])
  }

  /**
   * Reads what `toText` wrote.
   * @param source names the file in errors
   * @throws KdError of kind `format`
   */
  static fromText(text: string, source = 'vocabulary'): Vocabulary {
    const lines = text.split(/\r?\n/)
    const rest = lines.pop()
    const fail = (what: string, line: number) =>
      new KdError({
        kind: 'format',
        what,
        where: { file: source, line },
        fix: 'A vocabulary holds one word a line, padding, unknown and mask first: save the student again.',
      })
    specialWords.forEach((word, id) => {
      if (lines[id] !== word) throw fail(`${JSON.stringify(lines[id] ?? 'the end')} stands where ${word} belongs`, id + 1)
    })
    if (rest !== '') throw fail(`its last line ${JSON.stringify(rest)} has no end: the file was cut`, lines.length + 1)
    const seen = new Set<string>()
    lines.forEach((word, id) => {
      if (word === '' || /\s/.test(word)) throw fail(`${JSON.stringify(word)} is not one word`, id + 1)
      if (seen.size === seen.add(word).size) throw fail(`${JSON.stringify(word)} stands there twice`, id + 1)
    })
    return new Vocabulary(lines)
  }

  /** One word a line, in the order of the ids. */
  toText(): string {
    return `${this.words.join('\n')}\n`
  }

  get size(): number {
    return this.words.length
  }

  /** The id of a word as `tokenize` gives it; words it lacks are `unknownId`. */
  id(word: string): number {
    return this.#ids.get(word) ?? unknownId
  }

  /** Ids of a text's first `maxLength` words, at least one: a text without words is one unknown word. */
  ids(text: string, maxLength = Number.POSITIVE_INFINITY): Int32Array {
    const words = tokenize(text, maxLength)
    return words.length === 0 ? Int32Array.of(unknownId) : Int32Array.from(words, (word) => this.id(word))
  }

  /** As `ids`, into an array that is used again: as many words as it has places. Returns how many there are. */
  write(text: string, ids: Int32Array): number {
    const words = tokenize(text, ids.length)
    for (let place = 0; place < words.length; place++) ids[place] = this.id(words[place]!)
    if (words.length === 0) ids[0] = unknownId
    return Math.max(1, words.length)
  }
}

function atLeast(minimum: number, option: string, value: number): void {
  if (Number.isInteger(value) && value >= minimum) return
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${minimum} on`, where: { option } })
}
