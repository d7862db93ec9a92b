import { type Example, throwIfAborted } from '@kd/core'
import type { TaggedWords, Tagger } from './tagger.ts'

export interface TaggedExample {
  readonly example: Example
  /** Of the text and, where there is one, of the pair. */
  readonly tagged: readonly (TaggedWords & { readonly text: string })[]
}

/** Each example with the words and tags of its texts; waits only for a tagger that makes it wait. */
export async function* tagExamples(
  examples: Iterable<Example> | AsyncIterable<Example>,
  tagger: Tagger,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaggedExample> {
  for await (const example of examples) {
    throwIfAborted(signal)
    const texts = example.pair === undefined ? [example.text] : [example.text, example.pair]
    const tagged = []
    for (const text of texts) {
      const words = tagger(text)
      tagged.push({ text, ...(words instanceof Promise ? await words : words) })
    }
    yield { example, tagged }
  }
}
