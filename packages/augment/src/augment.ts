import { type Example, KdError } from '@kd/core'
import { augmentTagged } from './augment-tagged.ts'
import { type AugmentTextOptions, checkedOptions } from './options.ts'
import { lengthOf, Reporter } from './reporter.ts'
import { Synthesis } from './synthesis.ts'
import { tagCorpus } from './tag-corpus.ts'
import { tagExamples } from './tag-examples.ts'
import { TaggedTexts } from './tagged-texts.ts'
import { winkTagger } from './wink-tagger.ts'
import { WordPool } from './word-pool.ts'

type Examples = Iterable<Example> | AsyncIterable<Example>

/**
 * Synthetic examples of the given ones, by the rules that `AugmentOptions` describes; the originals do not come out.
 * @throws KdError of kind `option` at once; later `missing` (the default tagger), `data` (a tagger's words) or `aborted`
 */
export function augment(examples: Examples, options: AugmentTextOptions): AsyncGenerator<Example> {
  const pool = new WordPool()
  const checked = checkedOptions(options)
  const synthesis = new Synthesis(pool, checked)
  const once = isStream(examples)
  const corpus = options.corpus === examples ? undefined : options.corpus
  if (once && checked.replace > 0 && !corpus) {
    throw new KdError({
      kind: 'option',
      what: 'a stream that can be read once has no words to draw replacements from before it ends',
      where: { option: 'corpus' },
      fix: 'Pass the originals as corpus, give an array, or set replace: 0.',
    })
  }
  return once || corpus ? augmentStream(examples, { ...options, corpus }, pool, synthesis) : augmentArray(examples, options)
}

async function* augmentArray(examples: Examples, options: AugmentTextOptions): AsyncGenerator<Example> {
  const { tagger = await winkTagger(), signal, onProgress } = options
  const corpus = await tagCorpus(examples, { tagger, signal, onProgress })
  for (const example of augmentTagged(corpus, options)) yield example
}

async function* augmentStream(
  examples: Examples,
  options: AugmentTextOptions,
  pool: WordPool,
  synthesis: Synthesis,
): AsyncGenerator<Example> {
  const { tagger = await winkTagger(), corpus = [], signal, onProgress } = options
  for await (const { example, tagged } of tagExamples(corpus, tagger, signal)) {
    synthesis.addOriginal(example)
    for (const words of tagged) pool.addAll(words)
  }
  const texts = new TaggedTexts()
  const reporter = new Reporter('augment', onProgress, lengthOf(examples))
  let done = 0
  for await (const { example, tagged } of tagExamples(examples, tagger, signal)) {
    synthesis.addOriginal(example)
    texts.clear()
    for (const words of tagged) texts.add(words.text, words, pool)
    for (const made of synthesis.examplesOf(example, done, texts, 0)) yield made
    reporter.report(++done, { tried: synthesis.tried, made: synthesis.made })
  }
  reporter.end(done, { tried: synthesis.tried, made: synthesis.made })
}

/** Whether the examples can be read once only: an async iterable, or a generator. */
function isStream(examples: Examples): boolean {
  return Symbol.asyncIterator in examples || (examples[Symbol.iterator]() as unknown) === examples
}
