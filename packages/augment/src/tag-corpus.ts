import type { Example, OnProgress } from '@kd/core'
import { lengthOf, Reporter } from './reporter.ts'
import { tagExamples } from './tag-examples.ts'
import { TaggedTexts } from './tagged-texts.ts'
import type { Tagger } from './tagger.ts'
import { WordPool } from './word-pool.ts'

/** Examples with the words of their texts, and the pool of all words by tag: what augmentation needs of a corpus. */
export interface TaggedCorpus {
  readonly examples: readonly Example[]
  readonly pool: WordPool
  /** The texts in the order of the examples, that of a pair after the text it belongs to. */
  readonly texts: TaggedTexts
}

export interface TagCorpusOptions {
  tagger: Tagger
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Tags a corpus, each text once.
 * @throws KdError of kind `data` where the tagger's words are not those of the text, `aborted`
 */
export async function tagCorpus(
  examples: Iterable<Example> | AsyncIterable<Example>,
  { tagger, signal, onProgress }: TagCorpusOptions,
): Promise<TaggedCorpus> {
  const kept: Example[] = []
  const texts = new TaggedTexts()
  const pool = new WordPool()
  const reporter = new Reporter('tag', onProgress, lengthOf(examples))
  for await (const { example, tagged } of tagExamples(examples, tagger, signal)) {
    kept.push(example)
    for (const words of tagged) {
      texts.add(words.text, words, pool)
      pool.addAll(words)
    }
    reporter.report(kept.length)
  }
  reporter.end(kept.length)
  return { examples: kept, pool, texts }
}
