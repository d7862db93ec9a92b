import type { RowTable, StepBatch, StepContext } from '@kd/jit'
import type { DropoutRates, Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { finalStates } from '../encoder/states.ts'
import type { Head } from './layers.ts'

export interface TrainingParts {
  readonly head: Head
  readonly tables: readonly RowTable[]
  readonly vocabulary: Vocabulary
  readonly maxLength: number
  readonly dropout: DropoutRates
}

/** All weights but word vectors. */
export function trainedVariables({ head }: TrainingParts): tf.Variable[] {
  const { kernel, recurrent, bias, denseKernel, denseBias, logitsKernel, logitsBias } = head.variables
  return [kernel, recurrent, bias, denseKernel, denseBias, logitsKernel, logitsBias]
}

/** Final states `[columns, 2 * hidden]` of a batch from `textColumns`, in the order of its columns. */
export function trainedStates({ head, tables, dropout }: TrainingParts, batch: StepBatch, context: StepContext): tf.Tensor2D {
  const { kernel, recurrent, bias } = head.variables
  const channels = tables.map(({ name }) => batch.rows[name]!)
  const words = channels.length === 1 ? channels[0]! : tf.concat2d(channels, 1)
  const projections = tf.add(tf.matMul(drop(context, words, dropout.words), kernel as tf.Tensor2D), bias) as tf.Tensor2D
  const [, length] = batch.positions.shape as [number, number]
  const ended = batch.inputs.ends!
  return finalStates({
    projections,
    positions: tf.reshape(batch.positions, [2, length, -1]),
    recurrent: recurrent as tf.Tensor3D,
    ends: tf.reshape(ended, [ended.shape[0]!, -1, 1]),
  })
}

/** Logits `[size, classes]` of what the dense layer reads. */
export function trainedLogits({ head, dropout }: TrainingParts, features: tf.Tensor2D, context: StepContext): tf.Tensor2D {
  const { denseKernel, denseBias, logitsKernel, logitsBias } = head.variables
  const sums = tf.add(tf.matMul(drop(context, features, dropout.states), denseKernel as tf.Tensor2D), denseBias)
  const hidden = tf.relu(sums) as tf.Tensor2D
  return tf.add(tf.matMul(drop(context, hidden, dropout.dense), logitsKernel as tf.Tensor2D), logitsBias) as tf.Tensor2D
}

function drop<T extends tf.Tensor>(context: StepContext, x: T, rate: number): T {
  return rate === 0 ? x : (context.dropout(x, rate) as T)
}
