import type { FindOptions } from './checkpoint/find-model.ts'

/** What all teachers of this package are loaded with. */
export interface TeacherOptions extends FindOptions {
  /** Names of the classes in the order of the logits. Default: `id2label` of config.json, else `LABEL_0`, `LABEL_1`, ... */
  labels?: readonly string[]
  /** Longest text in tokens, special ones included; longer ones are cut. Default: the tokeniser's, else the model's. */
  maxLength?: number
  /** Texts computed together at most. Default: 64. */
  batchSize?: number
  /** Threads for one operation. Default: the engine's. */
  threads?: number
}

/** Texts computed together at most, where nothing else is asked for. */
export const usualBatchSize = 64
