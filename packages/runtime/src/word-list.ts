import { damaged } from './text-files.ts'
import { tokenize } from './tokenize.ts'

/** Ids that are no word of a text. `[MASK]` is: augmentation writes it. */
export const specialWords = Object.freeze(['[PAD]', '[UNK]', '[MASK]'] as const)
export const paddingId = 0
export const unknownId = 1
export const maskId = 2

/** A vocabulary's text and how to look up its words. */
export interface Indexed {
  readonly text: string
  readonly size: number
  /** A word's id, or -1. */
  readonly find: (word: string) => number
}

type Kind<W> = new (words: readonly string[] | undefined, indexed?: Indexed) => W

/** What serving needs of a vocabulary: a word's position is its id. */
export class WordList {
  readonly size: number
  readonly #ids = new Map<string, number>()
  /** Looks up what `#ids` does not have yet. */
  readonly #find: Indexed['find'] | undefined
  #words: readonly string[] | undefined
  readonly #text: string

  /** Words that are known to be right; else use `fromText`, or `build` of a `Vocabulary`. */
  constructor(words: readonly string[] | undefined, { text = '', size = 0, find }: Partial<Indexed> = {}) {
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
   * Reads what `toText` wrote.
   * @param source names the file in errors
   * @throws KdError of kind `format`
   */
  static fromText<W extends WordList>(this: Kind<W>, text: string, source = 'vocabulary'): W {
    const lines = text.split(text.includes('\r') ? /\r?\n/ : '\n')
    const rest = lines.pop()
    const fail = (what: string, line: number) => damaged(what, { file: source, line })
    specialWords.forEach((word, id) => {
      if (lines[id] !== word) throw fail(`${JSON.stringify(lines[id] ?? 'the end')} stands where ${word} belongs`, id + 1)
    })
    if (rest !== '') throw fail(`its last line ${JSON.stringify(rest)} has no end: the file was cut`, lines.length + 1)
    const vocabulary = new this(lines)
    // Looked at one by one only to say which is wrong.
    if (new Set(lines).size < lines.length || lines.includes('') || /[^\S\n]/.test(text)) {
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
  static indexed<W extends WordList>(this: Kind<W>, indexed: Indexed): W | undefined {
    const begins = indexed.text.startsWith(`${specialWords.join('\n')}\n`)
    return begins && !/[^\S\n]/.test(indexed.text) ? new this(undefined, indexed) : undefined
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

  /**
   * Writes the ids of a text's first words, as many as there are places, at least one: a text without words is one
   * unknown word.
   * @returns how many there are
   */
  write(text: string, ids: Int32Array): number {
    const words = tokenize(text, ids.length)
    for (let place = 0; place < words.length; place++) ids[place] = this.id(words[place]!)
    if (words.length === 0) ids[0] = unknownId
    return Math.max(1, words.length)
  }
}
