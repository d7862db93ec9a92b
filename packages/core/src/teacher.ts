import type { Example } from './example.ts'

export interface LogitsOptions {
  signal?: AbortSignal
}

/** Anything that gives logits for examples: a BERT, a function, a file, a service. */
export interface Teacher {
  /** Shown in reports, and what its stored logits are kept under unless it has a `fingerprint`. */
  readonly name: string
  /** Names of the classes in the order of the logits. */
  readonly labels: readonly string[]
  /** Changes whenever its answers may: a digest of weights, configuration, tokeniser and arithmetic. */
  readonly fingerprint?: string
  /** True where it was made for pairs of texts, false for single ones; absent where nobody knows. */
  readonly pairs?: boolean
  /** Logits of each example, row-major `[examples.length, labels.length]`; a score where there is one label. */
  logits(examples: readonly Example[], options?: LogitsOptions): Promise<Float32Array>
  /**
   * Cost of each example in the teacher's own tokens (padding excluded). Examples of one length are labelled in one
   * batch; without it the number of characters decides.
   */
  lengths?(examples: readonly Example[]): ArrayLike<number>
  /**
   * True where a text's logits are the same bits whatever is computed beside it: of a batch that was labelled in part, only the
   * rest is then asked for. Absent: the batch is labelled again whole.
   */
  readonly independent?: boolean
  /** Calls of `logits` worth having under way at a time: a second one is prepared while the first computes. Default: 1. */
  readonly atOnce?: number
}

/** Word vectors of a source: pieces of a teacher, a file, random numbers. */
export interface WordVectors {
  readonly name: string
  readonly dimensions: number
  /** Vectors of the words, row-major `[words.length, dimensions]`; a word that the source lacks has a row of NaN. */
  vectorsFor(words: readonly string[]): Promise<Float32Array>
}
