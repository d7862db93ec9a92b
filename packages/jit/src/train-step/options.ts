import type * as tf from '@tensorflow/tfjs-core'
import type { Optimizer } from '../optimizers/optimizer.ts'
import type { OnnxTensor } from '../tensor.ts'

/** A table of vectors, one a row, of which a batch needs a few rows: word vectors. */
export interface RowTable {
  readonly name: string
  /** Row-major `[rows, dimensions]`; `sync` writes the trained rows into it. */
  readonly data: Float32Array
  readonly dimensions: number
  readonly trainable: boolean
}

/** What the loss of a step is computed from. */
export interface StepBatch {
  readonly inputs: Readonly<Record<string, tf.Tensor>>
  /** By table: the vectors of the batch's distinct ids, `[distinct, dimensions]`; rows beyond the last id are repeats. */
  readonly rows: Readonly<Record<string, tf.Tensor2D>>
  /** int32, of the shape of the batch's ids: each id's row in `rows`. */
  readonly positions: tf.Tensor
}

export interface StepContext {
  /** Zeroes each element with probability `rate` and divides the others by 1 - rate: by (seed, step, which call this is). */
  dropout(x: tf.Tensor, rate: number): tf.Tensor
}

/** How a batch is divided: among workers, one for each thread that the engine has, and for each in parts that take turns. */
export interface DataParallel {
  /** How a batch's loss comes from those of its equal parts: their `sum`, or their `mean`. */
  readonly loss: 'sum' | 'mean'
  /** The axis that counts the examples, by input; `ids` is that of the ids. Default: 0. */
  readonly axes?: Readonly<Record<string, number>>
  /**
   * The examples of a batch may change places, as they may where the loss is of each of them by itself: those with ids in common
   * go to the same worker, which then computes with fewer distinct rows. Default: false.
   */
  readonly anyOrder?: boolean
  /**
   * Gradient accumulation: a worker computes its examples in so many equal parts, one after the other (or the next number
   * that divides them), so that only one part's activations are in memory. Also on one thread and on the fallback engine.
   * Default: 1.
   */
  readonly accumulate?: number
}

export interface TrainStepOptions {
  /** float32 variables that each step updates. */
  readonly variables: readonly tf.Variable[]
  /** Tables looked up by the batch's `ids`; rows that a batch does not name are neither read nor changed by its step. */
  readonly tables?: readonly RowTable[]
  readonly optimizer: Optimizer
  /** The loss of a batch, in TensorFlow.js operations. It is called for each signature of the batch, up to four times. */
  loss(batch: StepBatch, context: StepContext): tf.Scalar
  /** Of the dropout. A whole number from 0 to 2^53 - 1. */
  readonly seed: number
  /** Gradients are scaled down so that their norm, over all parameters, does not exceed this. */
  readonly clipNorm?: number
  /**
   * Divides each batch among the engine's threads, which uses two of them twice as well as sharing out single operations
   * does. The gradients are added up in a fixed order: the same number of threads gives the same bits. Dropout differs
   * with the number of parts. Without effect on one thread and on the fallback engine.
   */
  readonly parallel?: DataParallel
  /** A variable's weight decay in place of the optimizer's own. */
  decay?(variable: tf.Variable): number
  /** What the learning rate is multiplied by for a parameter, from 0. Default: 1. */
  rate?(parameter: tf.Variable | RowTable): number
}

export interface StepInputs {
  readonly inputs: Readonly<Record<string, OnnxTensor>>
  /** Rows of the tables, of any shape. */
  readonly ids?: {
    readonly data: Int32Array
    readonly shape: readonly number[]
    /** Room for so many distinct ids at the least: batches that differ in nothing else share a graph. Default: 0. */
    readonly room?: number
  }
}

export interface StepRunOptions {
  /** Default: the optimizer's. */
  learningRate?: number
}

/** A training step with everything that it changes. */
export interface TrainStep {
  /**
   * One step. Steps run in the order of the calls; the arrays of the batch may be used again when it is done. With `parallel`,
   * a step that is asked for while the one before is running is made ready meanwhile and begins at once after it.
   */
  run(batch: StepInputs, options?: StepRunOptions): Promise<{ loss: number }>
  /** Writes the present weights into the variables and the tables' data. */
  sync(): Promise<void>
  /** All that a resume with the same bits needs: weights, the optimizer's slots, the number of steps. */
  state(): Promise<Record<string, Float32Array>>
  /**
   * Goes back to a `state()`.
   * @throws KdError of kind `mismatch` if the state is of another step; nothing has changed then
   */
  restore(state: Readonly<Record<string, Float32Array>>): Promise<void>
  dispose(): Promise<void>
  /** How often the loss was traced: once for each signature. */
  readonly traces: number
  /** How many steps were made. */
  readonly steps: number
}
