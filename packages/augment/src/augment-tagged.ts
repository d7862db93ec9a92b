import { type Example, throwIfAborted } from '@kd/core'
import { type AugmentOptions, checkedOptions } from './options.ts'
import { Reporter } from './reporter.ts'
import { Synthesis } from './synthesis.ts'
import type { TaggedCorpus } from './tag-corpus.ts'

/**
 * As `augment`, of a corpus that is tagged already: all of its examples are originals, replacements are drawn from it.
 * @throws KdError of kind `option` at once, later `aborted`
 */
export function augmentTagged(corpus: TaggedCorpus, options: AugmentOptions): Generator<Example> {
  return generate(corpus, options, new Synthesis(corpus.pool, checkedOptions(options), corpus.examples.length))
}

function* generate({ examples, texts }: TaggedCorpus, { signal, onProgress }: AugmentOptions, synthesis: Synthesis): Generator<Example> {
  const reporter = new Reporter('augment', onProgress, examples.length)
  for (const example of examples) synthesis.addOriginal(example)
  let at = 0
  for (let index = 0; index < examples.length; index++) {
    throwIfAborted(signal)
    const original = examples[index]!
    const made = synthesis.examplesOf(original, index, texts, at)
    for (let i = 0; i < made.length; i++) yield made[i]!
    at += original.pair === undefined ? 1 : 2
    reporter.report(index + 1, { tried: synthesis.tried, made: synthesis.made })
  }
  reporter.end(examples.length, { tried: synthesis.tried, made: synthesis.made })
}
