import type { Example, LogitsOptions } from '@kd/core'
import type { FileSystem } from '@kd/core/node'
import type { RowTable, StepBatch, StepContext, StepInputs } from '@kd/jit'
import type { Comparison, Encoded, Input, Prediction, Vocabulary, WeightType } from '@kd/runtime'
import type * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import type { Agreement } from '../packing/agreement.ts'
import type { SettledDescription } from './description.ts'

export interface SaveOptions {
  /** Default: the machine's. */
  fileSystem?: FileSystem
  /** Further sections of the model card: Markdown by heading, such as a table of results. */
  card?: Readonly<Record<string, string>>
  /**
   * `float32` keeps the weights as they are, to train on or to export. `int8` packs them for serving into one file a
   * quarter of the size, `int4` takes 4 bits for word vectors. Default: `float32`.
   */
  weights?: WeightType
  /** Examples, by what they are, on which a packed student is compared with this one: in the result and in the card. */
  measure?: Readonly<Record<string, readonly Example[]>>
}

export interface Saved {
  /** Of all files. */
  readonly bytes: number
  /** Of a packed student, by the names of `measure`. */
  readonly agreement: Readonly<Record<string, Agreement>>
}

/** A small model that learns from a teacher. It answers as a teacher does, too. */
export interface Student {
  readonly name: string
  readonly description: SettledDescription
  readonly vocabulary: Vocabulary
  /** Names of the classes in the order of the logits. */
  readonly labels: readonly string[]
  /**
   * The student as a TensorFlow.js model: word ids int32 `[batch, length]`, padded with 0 behind the words (of pairs two
   * such inputs, first and second texts), to logits `[batch, classes]`. It has the student's weights, and the student has its: either may be trained.
   */
  readonly model: LayersModel
  readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  /** Logits of each example, row-major `[examples.length, labels.length]`. */
  logits(examples: readonly Example[], options?: LogitsOptions): Promise<Float32Array>
  /**
   * The most probable label of a text, or of an example; for a student of pairs of two texts, or `{ text, pair }`.
   * @throws KdError of kind `data` where a pair is missing or one too many
   */
  predict(input: Input): Promise<Prediction>
  predict(text: string, pair: string): Promise<Prediction>
  predict(inputs: readonly Input[]): Promise<Prediction[]>
  /**
   * Reads the texts of one side of pairs, each distinct one once, for `compare`: plain data, to be kept as one likes.
   * @throws KdError of kind `option` for a student of single texts
   */
  encode(texts: readonly string[], options?: LogitsOptions): Promise<Encoded>
  /**
   * A text as the first of a pair with each of many known ones: the last layers alone run for each.
   * @param known what `encode` gave, or a plain object with its fields
   * @throws KdError of kind `option` for a student of single texts, or `known` of another size
   */
  compare(text: string, known: Encoded, options?: LogitsOptions): Promise<Comparison>
  /**
   * Writes the folder that `loadStudent` reads, whole or not at all.
   * @throws KdError of kind `io`, or `numeric` for weights that are not finite; what was there before is untouched
   */
  save(folder: string, options?: SaveOptions): Promise<Saved>
  /** What a training step needs. After training, `logits` and all else go by the new weights. */
  training(): StudentTraining
  /** Copies of all weights by the names, and in the layout, of `tensorShapes` of @kd/runtime. */
  weights(): Record<string, Float32Array>
  /** @throws KdError of kind `mismatch` if names or sizes are others */
  setWeights(weights: Readonly<Record<string, Float32Array>>): void
  dispose(): void
}

/** A student as a training step sees it; made for `trainStep` of @kd/jit. */
export interface StudentTraining {
  /** All weights but word vectors. */
  readonly variables: tf.Variable[]
  readonly tables: readonly RowTable[]
  /**
   * An example as numbers, for `bucket` and `batch`: word ids, at least one a text, at most the description's `maxLength`.
   * @throws KdError of kind `data` where a pair is missing or one too many
   */
  encode(example: Example): Int32Array
  /** The padded length that an encoded example is batched at; a batch of one bucket is the cheapest. */
  bucket(encoded: Int32Array): number
  /** A batch of `size` rows; those beyond the examples are padding, and change nothing for the others. */
  batch(examples: readonly Int32Array[], size: number): Required<StepInputs>
  /** Which axis counts the examples, by input of `batch`; `ids` is that of the ids. Absent: 0. */
  readonly exampleAxes: Readonly<Record<string, number>>
  /** Logits `[size, classes]` with dropout; gradients flow to the variables and the rows. */
  logits(batch: StepBatch, context: StepContext): tf.Tensor2D
}
