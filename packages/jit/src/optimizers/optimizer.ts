import type { Scalar, Tensor } from '@tensorflow/tfjs-core'

export interface UpdateArguments {
  readonly parameter: Tensor
  /** Of the loss with respect to the parameter, of its shape. */
  readonly gradient: Tensor
  /** What the last update left, in the order of the optimizer's `slots`; zeros before the first. */
  readonly slots: readonly Tensor[]
  /** float32, new with each step. */
  readonly learningRate: Scalar
  /** float32, the number of this step from 1. */
  readonly step: Scalar
  /** This parameter's weight decay, in place of the optimizer's own. */
  readonly decay?: number
}

/** An update rule in TensorFlow.js operations, so that it can run plain, or traced into the graph of a training step. */
export interface Optimizer {
  readonly name: string
  /** Used where a step gives no other. */
  readonly learningRate: number
  /** Names of the tensors, each of the parameter's shape, that it keeps between steps. */
  readonly slots: readonly string[]
  update(update: UpdateArguments): { parameter: Tensor; slots: Tensor[] }
}
