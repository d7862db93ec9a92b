import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { inTurns, type LossAndGradients } from './accumulate.ts'
import type { StepBatch, StepContext, TrainStepOptions } from './options.ts'

/** A parameter of a step: a variable, or the rows of a table that the batch names. */
export interface Parameter {
  readonly name: string
  /** What the loss is differentiated by. */
  readonly value: tf.Tensor
  readonly slots: readonly tf.Tensor[]
  readonly decay: number | undefined
  /** What the learning rate is multiplied by; default 1. */
  readonly rate?: number | undefined
}

export interface Updated {
  readonly parameter: tf.Tensor
  readonly slots: readonly tf.Tensor[]
}

export interface BodyArguments {
  readonly options: TrainStepOptions
  readonly parameters: readonly Parameter[]
  readonly batch: StepBatch
  readonly context: StepContext
  readonly learningRate: tf.Scalar
  readonly step: tf.Scalar
}

export interface LossArguments {
  readonly options: TrainStepOptions
  readonly values: readonly tf.Tensor[]
  readonly batch: StepBatch
  readonly context: StepContext
  /** What the loss is multiplied by before it is differentiated; default 1. */
  readonly weight?: number
}

/** The loss and its gradients, in TensorFlow.js operations; undefined where it does not depend on a value. */
export function lossAndGradients({ options, values, batch, context, weight = 1 }: LossArguments): LossAndGradients {
  const of = (part: () => StepBatch, share: number): LossAndGradients => {
    const factor = weight * share
    const weighted = () => {
      const value = options.loss(part(), context)
      if (value.rank !== 0) {
        throw new KdError({ kind: 'option', what: `the loss has the shape [${value.shape}], not []`, where: { option: 'loss' } })
      }
      return factor === 1 ? value : tf.mul(value, factor)
    }
    const { value, grads } = tf.engine().gradients(weighted, [...values], undefined, true)
    const gradients = grads as (tf.Tensor | undefined)[]
    if (gradients.every((gradient) => !gradient)) {
      throw new KdError({ kind: 'option', what: 'the loss depends on none of the parameters', where: { option: 'loss' } })
    }
    return { loss: value as tf.Scalar, gradients }
  }
  return options.parallel ? inTurns(batch, options.parallel, of) : of(() => batch, 1)
}

/** A step in TensorFlow.js operations: the loss, its gradients, the updates. A parameter without a gradient is left out. */
export function stepBody({ options, parameters, batch, context, learningRate, step }: BodyArguments): {
  loss: tf.Scalar
  updated: (Updated | undefined)[]
} {
  const { optimizer, clipNorm } = options
  const { loss, gradients } = lossAndGradients({ options, values: parameters.map(({ value }) => value), batch, context })
  const clipped = clipNorm === undefined ? gradients : clip(gradients, clipNorm)
  const updated = parameters.map(({ value, slots, decay, rate }, index) => {
    const gradient = clipped[index]
    return gradient && optimizer.update({ parameter: value, gradient, slots, learningRate: scaledRate(learningRate, rate), step, decay })
  })
  return { loss, updated }
}

export const scaledRate = (learningRate: tf.Scalar, rate = 1): tf.Scalar => (rate === 1 ? learningRate : tf.mul(learningRate, rate))

/** As PyTorch's clip_grad_norm_: all scaled by the same factor, clipNorm / (norm + 1e-6), if it is below 1. */
function clip(gradients: readonly (tf.Tensor | undefined)[], clipNorm: number): (tf.Tensor | undefined)[] {
  const squares = gradients.flatMap((gradient) => (gradient ? [tf.sum(tf.square(gradient))] : []))
  const norm = tf.sqrt(tf.addN(squares))
  const factor = tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1)
  return gradients.map((gradient) => gradient && tf.mul(gradient, factor))
}
