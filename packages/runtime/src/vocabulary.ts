import { KdError } from '@kd/core'
import { tokenize } from './tokenize.ts'
import { maskId, specialWords, unknownId, WordList } from './word-list.ts'

export { maskId, paddingId, specialWords, unknownId } from './word-list.ts'

export interface VocabularyOptions {
  /** At most this many words, the three special ones among them. Default: 15,000. */
  size?: number
  /** Words seen less often are unknown. Default: 1. */
  minimumCount?: number
}

/** A student's words; a word's position is its id. */
export class Vocabulary extends WordList {
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

  /** One word a line, in the order of the ids. */
  toText(): string {
    return `${this.words.join('\n')}\n`
  }

  /** Ids of a text's first `maxLength` words, at least one: a text without words is one unknown word. */
  ids(text: string, maxLength = Number.POSITIVE_INFINITY): Int32Array {
    const words = tokenize(text, maxLength)
    return words.length === 0 ? Int32Array.of(unknownId) : Int32Array.from(words, (word) => this.id(word))
  }
}

function atLeast(minimum: number, option: string, value: number): void {
  if (Number.isInteger(value) && value >= minimum) return
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${minimum} on`, where: { option } })
}
