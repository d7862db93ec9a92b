import type { StepBatch, StepContext } from '@kd/jit'
import { crossEntropy, logitsMse } from '@kd/losses'
import * as tf from '@tensorflow/tfjs-core'
import type { BertConfig } from '../checkpoint/config.ts'
import { bertLogits } from '../forward/tfjs-bert.ts'
import type { DropoutRates } from './dropout.ts'
import { type Parameters, wordTable } from './parameters.ts'

/**
 * The loss of a batch, a sum over its examples, each times its weight: cross-entropy, or the squared error of a regression.
 * Inputs: `types`, `mask`, `targets` and `weights`, `places` where the family has them; see `batchInputs`.
 */
export function modelLoss(parameters: Parameters, config: BertConfig, rates: DropoutRates, regression: boolean) {
  const loss = regression ? logitsMse() : crossEntropy()
  return ({ inputs, rows, positions }: StepBatch, context: StepContext): tf.Scalar => {
    const tensors = { ...parameters.tensors, wordEmbeddings: rows[wordTable]! }
    const logits = bertLogits(tensors, config, positions as tf.Tensor2D, inputs.types as tf.Tensor2D, {
      mask: inputs.mask as tf.Tensor2D,
      places: inputs.places as tf.Tensor2D | undefined,
      dropout: (x, place) => context.dropout(x, rates[place] ?? 0),
    })
    const targets = regression ? { logits: inputs.targets as tf.Tensor2D } : { labels: inputs.targets as tf.Tensor1D }
    return tf.sum(tf.mul(loss.perExample(logits, targets), inputs.weights!))
  }
}
