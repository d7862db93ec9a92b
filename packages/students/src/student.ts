import type { Example, LogitsOptions } from '@kd/core'
import type { FileSystem } from '@kd/core/node'
import type { RowTable, StepBatch, StepContext, StepInputs } from '@kd/jit'
import type { Prediction, Vocabulary, WeightType } from '@kd/runtime'
import type * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import type { SettledDescription } from './bilstm/description.ts'
import type { Agreement } from './packing/agreement.ts'

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
   * The student as a TensorFlow.js model: word ids int32 `[batch, length]`, padded with 0 behind the words, to logits
   * `[batch, classes]`. It has the student's weights, and the student has its: either may be trained.
   */
  readonly model: LayersModel
  readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  /** Logits of each example, row-major `[examples.length, labels.length]`. */
  logits(examples: readonly Example[], options?: LogitsOptions): Promise<Float32Array>
  predict(text: string): Promise<Prediction>
  predict(texts: readonly string[]): Promise<Prediction[]>
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
  /** Word ids, at least one, at most the description's `maxLength`. */
  encode(example: Example): Int32Array
  /** The padded length that a text of this length is batched at; a batch of one bucket is the cheapest. */
  bucket(length: number): number
  /** A batch of `size` rows; those beyond the texts are padding, and change nothing for the others. */
  batch(texts: readonly Int32Array[], size: number): Required<StepInputs>
  /** Which axis counts the examples, by input of `batch`; `ids` is that of the ids. Absent: 0. */
  readonly exampleAxes: Readonly<Record<string, number>>
  /** Logits `[size, classes]` with dropout; gradients flow to the variables and the rows. */
  logits(batch: StepBatch, context: StepContext): tf.Tensor2D
}
