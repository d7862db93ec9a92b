import { KdError } from '@kd/core'
import { damaged } from './text-files.ts'
import { tokenize } from './tokenize.ts'
import { maskId, specialWords, WordList } from './word-list.ts'
import { learnPieces, longestWord } from './word-pieces.ts'

export { maskId, paddingId, specialWords, unknownId } from './word-list.ts'

export interface VocabularyOptions {
  /** At most this many entries, the three special ones among them. Default: 15,000. */
  size?: number
  /** Words seen less often get no entry of their own. Default: 1. */
  minimumCount?: number
  /** At most this many entries are pieces that other words are put together from. 0: such words are unknown. Default: a sixth of `size`. */
  pieces?: number
}

/**
 * Share of the running words that are read in pieces though they were seen: pieces that no text of training holds would
 * learn nothing.
 */
const inPieces = 0.01

/** A student's words, and pieces of words; an entry's position is its id. */
export class Vocabulary extends WordList {
  /** All entries by id: padding, unknown and `[MASK]`, words by falling frequency, pieces of words (`##ing` goes on a word). */
  readonly words: readonly string[]

  /** Words that are known to be right; else use `build` or `fromText`. */
  constructor(words: readonly string[]) {
    const ids = new Map(words.map((word, id) => [word, id]))
    super((word) => ids.get(word) ?? -1)
    this.words = words
  }

  get size(): number {
    return this.words.length
  }

  /**
   * The most frequent words of the texts (of equally frequent ones those that came first), then pieces of words for all
   * others: the rarest, which make up a hundredth of the text, and those that only come later.
   * @param texts as they stand in the data; they are read once
   */
  static build(texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
    const { size = 15_000, minimumCount = 1, pieces = Math.floor(size / 6) } = options
    atLeast(specialWords.length + 1, 'size', size)
    atLeast(1, 'minimumCount', minimumCount)
    atLeast(0, 'pieces', pieces)
    const counts = new Map<string, number>()
    for (const text of texts) for (const word of tokenize(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
    counts.delete(specialWords[maskId])
    const byFrequency = [...counts].sort((a, b) => b[1] - a[1])
    const running = byFrequency.reduce((sum, [, count]) => sum + count, 0)
    const whole = new Set<string>()
    let rest = running
    for (const [word, count] of byFrequency) {
      if (whole.size === size - specialWords.length - pieces || count < minimumCount || (pieces > 0 && rest <= inPieces * running)) break
      rest -= count
      if (fits(word)) whole.add(word)
    }
    const learned = pieces === 0 ? [] : learnPieces([...counts.keys()], whole, pieces)
    return new Vocabulary([...specialWords, ...whole, ...learned])
  }

  /**
   * Reads what `toText` wrote.
   * @param source names the file in errors
   * @throws KdError of kind `format`
   */
  static fromText(text: string, source = 'vocabulary'): Vocabulary {
    const lines = text.split(text.includes('\r') ? /\r?\n/ : '\n')
    const rest = lines.pop()
    const fail = (what: string, line: number) => damaged(what, { file: source, line })
    specialWords.forEach((word, id) => {
      if (lines[id] !== word) throw fail(`${JSON.stringify(lines[id] ?? 'the end')} stands where ${word} belongs`, id + 1)
    })
    if (rest !== '') throw fail(`its last line ${JSON.stringify(rest)} has no end: the file was cut`, lines.length + 1)
    // Looked at one by one only to say which is wrong.
    if (new Set(lines).size < lines.length || lines.includes('') || /[^\S\n]/.test(text)) {
      const seen = new Set<string>()
      lines.forEach((word, id) => {
        if (word === '' || /\s/.test(word)) throw fail(`${JSON.stringify(word)} is not one word`, id + 1)
        if (seen.size === seen.add(word).size) throw fail(`${JSON.stringify(word)} stands there twice`, id + 1)
      })
    }
    return new Vocabulary(lines)
  }

  /** One word a line, in the order of the ids. */
  toText(): string {
    return `${this.words.join('\n')}\n`
  }

  /** A text's ids, `maxLength` at most, one at least: a text without words is one unknown word. */
  ids(text: string, maxLength: number = Number.POSITIVE_INFINITY): Int32Array {
    const room = Number.isFinite(maxLength) ? maxLength : Math.max(1, tokenize(text).join('').length)
    const ids = new Int32Array(room)
    return ids.slice(0, this.write(text, ids))
  }
}

const fits = (word: string) => word.length <= longestWord || [...word].length <= longestWord

function atLeast(minimum: number, option: string, value: number): void {
  if (Number.isInteger(value) && value >= minimum) return
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${minimum} on`, where: { option } })
}
