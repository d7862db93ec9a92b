import { tokenize } from './tokenize.ts'
import { continuation, longestWord } from './word-pieces.ts'

/** Ids that are no word of a text. `[MASK]` is: augmentation writes it. */
export const specialWords: readonly ['[PAD]', '[UNK]', '[MASK]'] = Object.freeze(['[PAD]', '[UNK]', '[MASK]'] as const)
export const paddingId = 0
export const unknownId = 1
export const maskId = 2

/** Id of an entry, or -1. */
export type FindWord = (word: string) => number

/** What serving needs of a vocabulary. */
export class WordList {
  readonly #find: FindWord

  constructor(find: FindWord) {
    this.#find = find
  }

  /** The id of an entry; what is none is `unknownId`. */
  id(word: string): number {
    const id = this.#find(word)
    return id < 0 ? unknownId : id
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
