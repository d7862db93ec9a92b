import type { Random } from '@kd/core'
import { CodeUnits } from './code-units.ts'
import { grown } from './grown.ts'
import type { TaggedWords } from './tagger.ts'

/** A corpus's words by tag, each as often as it occurs, so that drawing one is drawing by frequency. */
export class WordPool {
  readonly #words: string[] = []
  readonly #wordIds = new Map<string, number>()
  readonly #tagIds = new Map<string, number>()
  /** Ids of words by tag, one for each occurrence. */
  readonly #occurrences: Uint32Array<ArrayBuffer>[] = []
  readonly #counts: number[] = []
  /** All words as code units, word after word; that of id i from `begins[i]` to before `begins[i + 1]`. */
  readonly codes: CodeUnits = new CodeUnits()
  begins: Uint32Array<ArrayBuffer> = new Uint32Array(256)

  /** The number that stands for a tag here; a new tag gets the next one. */
  tagId(tag: string): number {
    let id = this.#tagIds.get(tag)
    if (id === undefined) {
      id = this.#tagIds.size
      this.#tagIds.set(tag, id)
      this.#occurrences.push(new Uint32Array(16))
      this.#counts.push(0)
    }
    return id
  }

  /** Counts one occurrence of a word under a tag. */
  add(word: string, tag: string): void {
    const id = this.tagId(tag)
    const count = this.#counts[id]!++
    this.#occurrences[id] = grown(this.#occurrences[id]!, count + 1)
    this.#occurrences[id][count] = this.#wordId(word)
  }

  /** Counts all words of a text under their tags. */
  addAll({ words, tags }: TaggedWords): void {
    for (let i = 0; i < words.length; i++) this.add(words[i]!, tags[i]!)
  }

  /** The number of a tag's occurrences in the corpus. */
  count(tag: string): number {
    return this.#counts[this.#tagIds.get(tag) ?? -1] ?? 0
  }

  /** The word of one of the tag's occurrences, each equally likely; undefined where the corpus has none. */
  draw(tag: string, random: Random): string | undefined {
    const id = this.drawId(this.tagId(tag), random)
    return id === -1 ? undefined : this.#words[id]
  }

  /** As `draw`, numbers for names; -1 where the corpus has none. */
  drawId(tag: number, random: Random): number {
    const count = this.#counts[tag]!
    return count === 0 ? -1 : this.#occurrences[tag]![random.integer(count)]!
  }

  #wordId(word: string): number {
    let id = this.#wordIds.get(word)
    if (id === undefined) {
      id = this.#words.length
      this.#wordIds.set(word, id)
      this.#words.push(word)
      this.codes.appendText(word)
      this.begins = grown(this.begins, id + 2)
      this.begins[id + 1] = this.codes.length
    }
    return id
  }
}
