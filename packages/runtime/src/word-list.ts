import { damaged } from './text-files.ts'
import { tokenize } from './tokenize.ts'
import { continuation, longestWord } from './word-pieces.ts'

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

  /** All entries by id: padding, unknown and `[MASK]`, words by falling frequency, pieces of words (`##ing` goes on a word). */
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

  /** The id of an entry; what is none is `unknownId`. */
  id(word: string): number {
    const known = this.#ids.get(word)
    if (known !== undefined) return known
    const found = this.#find ? this.#find(word) : -1
    if (found < 0) return unknownId
    this.#ids.set(word, found)
    return found
  }

  /**
   * Writes a text's ids, as many as there are places, at least one: a text without words is one unknown word.
   * @returns how many there are
   */
  write(text: string, ids: Int32Array): number {
    let count = 0
    for (const word of tokenize(text, ids.length)) {
      const id = this.id(word)
      if (id !== unknownId) ids[count++] = id
      else for (const piece of this.#pieces(word)) if (count < ids.length) ids[count++] = piece
      if (count === ids.length) break
    }
    if (count === 0) ids[count++] = unknownId
    return count
  }

  /** Ids of the longest pieces, from left to right, or of one unknown word: as Hugging Face's WordPiece. */
  #pieces(word: string): number[] {
    const letters = [...word]
    const ids: number[] = []
    for (let start = 0; start < letters.length; ) {
      let end = letters.length > longestWord ? start : letters.length
      let id = unknownId
      for (; end > start; end--) {
        id = this.id((start > 0 ? continuation : '') + letters.slice(start, end).join(''))
        if (id !== unknownId) break
      }
      if (id === unknownId) return [id]
      ids.push(id)
      start = end
    }
    return ids
  }
}
