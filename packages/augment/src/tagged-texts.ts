import { KdError } from '@kd/core'
import { grown } from './grown.ts'
import type { TaggedWords } from './tagger.ts'
import type { WordPool } from './word-pool.ts'

/** Numbers that each word takes in `TaggedTexts.words`: where it starts, where it ends, its tag in the pool. */
export const numbersPerWord = 3

/** Many tagged texts: the words of all lie in one array, text after text. */
export class TaggedTexts {
  words: Uint32Array<ArrayBuffer> = new Uint32Array(256)
  readonly texts: string[] = []
  /** Where each text's numbers begin, and at last where the next text's will. */
  readonly begins: number[] = [0]

  /** Forgets all texts and keeps the space. */
  clear(): void {
    this.texts.length = 0
    this.begins.length = 1
  }

  /**
   * Adds a text, its words found one after the other.
   * @returns its index
   * @throws KdError of kind `data` where the tagger's words are not those of the text
   */
  add(text: string, { words, tags }: TaggedWords, pool: WordPool): number {
    if (words.length !== tags.length) throw foreignWords(text, `the tagger gives ${words.length} words and ${tags.length} tags`)
    let at = this.begins.at(-1)!
    this.words = grown(this.words, at + numbersPerWord * words.length)
    let end = 0
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!
      const start = word === '' ? -1 : text.indexOf(word, end)
      if (start === -1) throw foreignWords(text, `the tagger's word ${JSON.stringify(word)} is not in its place`)
      end = start + word.length
      this.words[at++] = start
      this.words[at++] = end
      this.words[at++] = pool.tagId(tags[i]!)
    }
    this.begins.push(at)
    return this.texts.push(text) - 1
  }
}

function foreignWords(text: string, what: string): KdError {
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text
  return new KdError({
    kind: 'data',
    what: `${what} in the text ${JSON.stringify(shown)}`,
    where: { option: 'tagger' },
    fix: 'A tagger gives the words as they stand in the text, in their order, and a tag for each.',
  })
}
