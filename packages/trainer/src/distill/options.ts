import type { AugmentOptions } from '@kd/augment'
import type { Dataset, OnProgress, Teacher } from '@kd/core'
import { KdError } from '@kd/core'
import type { Columns } from '@kd/data'
import type { StudentDescription } from '@kd/students'
import type { LabelMap } from '../labelling/label-map.ts'
import { settle, type TrainOptions } from '../train/options.ts'

/** Parts as they are given. Without validation data 5 % of train is held out, by the first seed. */
export interface DataParts {
  readonly train: Dataset
  readonly validation?: Dataset
  /** Only reported: nothing is chosen on it. */
  readonly test: Dataset
}

/** The same student, trained on gold labels alone: `alone-random` with random word vectors, `alone` with its own. */
export type Baseline = 'alone-random' | 'alone'

export interface DistillOptions {
  /**
   * A TSV, CSV or JSONL file, its examples, or parts. A single set is split: 5 % validation, 10 % test, the rest train; of pairs no
   * text stands in two of them, not of unlabelled ones either.
   */
  data: string | Dataset | DataParts
  /** A folder, a package's name, a repository of the Hugging Face hub (`owner/name`), or any Teacher. */
  teacher: string | Teacher
  /** Where the file's fields stand. Default: `text` or `sentence`, `pair`, `label`. */
  columns?: Columns
  /** The teacher's name of each of the data's labels, where they differ: `{ 0: 'negative', 1: 'positive' }`. */
  labelMap?: LabelMap
  /** Shares of the parts of a single set. Default: validation 0.05, test 0.1. */
  shares?: { validation?: number; test?: number }
  /** How synthetic examples are made (by default as in the paper: 20 tries for each text, 10 for each pair), or false: originals only. */
  augment?: Omit<AugmentOptions, 'seed' | 'signal'> | false
  /** Default: `bilstm`, of pairs `siamese`, with the teacher's word vectors in 100 dimensions, or random ones where it has none. */
  student?: StudentDescription
  /** How students are trained. The baselines get gold labels, and ten passes over them (600 updates at least) if that is fewer updates. */
  training?: Omit<TrainOptions, 'validation' | 'seed' | 'checkpoint' | 'name' | 'signal' | 'onProgress'>
  /** Rows to compare with. Default: both. */
  baselines?: readonly Baseline[]
  /** One student of each kind for each. Split and synthetic text follow from the first. Default: [1]. */
  seeds?: readonly number[]
  /** A folder that keeps the teacher's logits and check points, so that a run that was stopped goes on. Default: none. */
  cache?: string
  /** Names the data in the report. Default: the task's name. */
  title?: string
  /** Sentences that are timed for each row. Default: 200. */
  latencyRuns?: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

export const allBaselines: readonly Baseline[] = ['alone-random', 'alone']

/** @throws KdError of kind `option` that names the option */
export function checkOptions({ data, teacher, seeds, baselines = [], training }: DistillOptions): void {
  const fail = (option: string, what: string, fix?: string): never => {
    throw new KdError({ kind: 'option', what, where: { option }, fix })
  }
  if (!data) fail('data', 'there is no data', 'Give a file, a Dataset, or { train, test }.')
  if (!teacher) fail('teacher', 'there is no teacher', "Give a package's name such as '@kd/teacher-sst2', a folder, or a Teacher.")
  if (seeds?.length === 0) fail('seeds', 'there is no seed')
  const wrongSeed = seeds?.find((seed) => !Number.isSafeInteger(seed) || seed < 0)
  if (wrongSeed !== undefined) fail('seeds', `${wrongSeed} is not a whole number from 0 to 2^53 - 1`)
  if (seeds && new Set(seeds).size < seeds.length) fail('seeds', `${seeds.join(', ')} holds one seed twice`)
  const wrongRow = baselines.find((name) => !allBaselines.includes(name))
  if (wrongRow !== undefined) fail('baselines', `${wrongRow} is none of ${allBaselines.join(', ')}`)
  // A learning rate out of range is an error now, not after hours of labelling.
  settle({ ...training }, { examples: 1, classes: 2, hasLogits: true })
}
