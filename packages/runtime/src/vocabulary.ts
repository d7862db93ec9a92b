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

/** A vocabulary's text and how to look up its words. */
export interface Indexed {
  readonly text: string
  readonly size: number
  /** A word's id, or -1. */
  readonly find: (word: string) => number
}

/** A student's words; a word's position is its id. */
export class Vocabulary {
  readonly size: number
  readonly #ids = new Map<string, number>()
  /** Looks up what `#ids` does not have yet. */
  readonly #find: Indexed['find'] | undefined
  #words: readonly string[] | undefined
  readonly #text: string

  private constructor(words: readonly string[] | undefined, { text = '', size = 0, find }: Partial<Indexed> = {}) {
    this.size = words?.length ?? size
    this.#words = words
    this.#text = text
    this.#find = find
    words?.forEach((word, id) => {
      this.#ids.set(word, id)
    })
  }

  /** All words by id: padding, unknown and `[MASK]`, then the others by falling frequency. */
  get words(): readonly string[] {
    return (this.#words ??= this.#text.split('\n').slice(0, -1))
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
    const lines = text.split(text.includes('\r') ? /\r?\n/ : '\n')
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
    const vocabulary = new Vocabulary(lines)
    // Looked at one by one only to say which is wrong.
    if (vocabulary.#ids.size < lines.length || vocabulary.#ids.has('') || /[^\S\n]/.test(text)) {
      const seen = new Set<string>()
      lines.forEach((word, id) => {
        if (word === '' || /\s/.test(word)) throw fail(`${JSON.stringify(word)} is not one word`, id + 1)
        if (seen.size === seen.add(word).size) throw fail(`${JSON.stringify(word)} stands there twice`, id + 1)
      })
    }
    return vocabulary
  }

  /**
   * As `fromText`, of text that is known to hold so many different words, which no list is made of.
   * @returns undefined for text that `fromText` would read otherwise, or refuse
   */
  static indexed({ text, size, find }: Indexed): Vocabulary | undefined {
    const begins = text.startsWith(`${specialWords.join('\n')}\n`)
    return begins && !/[^\S\n]/.test(text) ? new Vocabulary(undefined, { text, size, find }) : undefined
  }

  /** One word a line, in the order of the ids. */
  toText(): string {
    return `${this.words.join('\n')}\n`
  }

  /** The id of a word as `tokenize` gives it; words it lacks are `unknownId`. */
  id(word: string): number {
    const known = this.#ids.get(word)
    if (known !== undefined) return known
    const found = this.#find ? this.#find(word) : -1
    if (found < 0) return unknownId
    this.#ids.set(word, found)
    return found
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
