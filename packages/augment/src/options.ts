import { type Example, KdError, type OnProgress } from '@kd/core'
import type { Tagger } from './tagger.ts'
import type { Origin } from './text-set.ts'

/** Why a try was dropped: it equals an original, an excluded text, or a synthetic text made before. */
export type DropReason = Origin

/**
 * Augmentation as Tang et al. 2019, section 3.3, has it. Each original is tried `perExample` times. A try goes through
 * the words once, with one uniform draw u a word:
 *
 * - u < `mask`: the word becomes `[MASK]` (masking);
 * - u < `mask` + `replace`: it becomes a word with the same part-of-speech tag, drawn from the tag's occurrences in the
 *   corpus, so by frequency (POS-guided replacement);
 * - else it stays.
 *
 * Then, with probability `ngram`, only n words in a row are left, n uniform in 1 to 5 (n-gram sampling). What was not
 * touched comes back exactly, spacing included; an n-gram keeps the spacing inside it. Of a pair the tries vary the
 * first text only, the second only, and both, in turn. A try that equals an original or an earlier try is dropped, so
 * fewer than `perExample` come out.
 *
 * Synthetic examples have no label: masking "not" may turn a text's meaning, the teacher has to say.
 *
 * The numbers of try k of original i depend on `seed`, k and i alone: the result is the same however the originals
 * arrive.
 */
export interface AugmentOptions {
  /** A whole number from 0 to 2^53 - 1. */
  seed: number
  /** Tries for each original, 1 to 10,000. Default: 20, the paper's for SST-2; it has 10 for QQP. */
  perExample?: number
  /** Probability of masking, from 0; with `replace` at most 1. Default: 0.1. */
  mask?: number
  /** Probability of replacement, from 0; with `mask` at most 1. Default: 0.1. */
  replace?: number
  /** Probability of cutting an n-gram, from 0 to 1. Default: 0.25. */
  ngram?: number
  /** Whether a pair is a duplicate of the same two texts in the other order, as in tasks where order says nothing. Default: false. */
  anyOrder?: boolean
  /** Texts that never come out, such as those of validation and test. */
  exclude?: Iterable<Example>
  /** Called for each try that was dropped. */
  onDrop?: (reason: DropReason, example: Example) => void
  signal?: AbortSignal
  /** Called for the originals done, at most ten times a second, and at the end; `figures`: `tried`, `made`. */
  onProgress?: OnProgress
}

export interface AugmentTextOptions extends AugmentOptions {
  /** Default: `winkTagger()`, for English. Each original is tagged once. */
  tagger?: Tagger
  /**
   * Where replacements are drawn from. Default: the given examples, which are then read before the first synthetic
   * example comes out. A stream that can be read once needs it, unless `replace` is 0.
   */
  corpus?: Iterable<Example> | AsyncIterable<Example>
}

/** The options with a value for each rate. */
export type CheckedOptions = AugmentOptions & Required<Pick<AugmentOptions, 'perExample' | 'mask' | 'replace' | 'ngram'>>

const mostTries = 10_000

/**
 * Puts the defaults in and checks all ranges.
 * @throws KdError of kind `option`
 */
export function checkedOptions(options: AugmentOptions): CheckedOptions {
  const { perExample = 20, mask = 0.1, replace = 0.1, ngram = 0.25 } = options
  if (!(Number.isInteger(perExample) && perExample >= 1 && perExample <= mostTries)) {
    throw refused('perExample', `${perExample} is not a whole number from 1 to ${mostTries}`)
  }
  for (const [option, rate] of Object.entries({ mask, replace, ngram })) {
    if (!(rate >= 0 && rate <= 1)) throw refused(option, `${rate} is not a probability from 0 to 1`)
  }
  if (mask + replace > 1) throw refused('replace', `mask ${mask} and replace ${replace} are together above 1`)
  return { ...options, perExample, mask, replace, ngram }
}

function refused(option: string, what: string): KdError {
  return new KdError({
    kind: 'option',
    what,
    where: { option },
    fix: "The paper's values: perExample 20, mask 0.1, replace 0.1, ngram 0.25.",
  })
}
