import * as tf from '@tensorflow/tfjs-core'
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers'

/** The model of tfjs-examples/lstm-text-generation: one-hot characters `[batch, length, characters]`, the next character. */
export function textGeneration(characters: number, length: number, units = 128): LayersModel {
  return sequential({
    layers: [
      // The default initializer, orthogonal, needs @tensorflow/tfjs as a whole.
      layers.lstm({ units, inputShape: [length, characters], recurrentInitializer: 'glorotUniform' }),
      layers.dense({ units: characters }),
    ],
  })
}

export const textGenerationLoss = (next: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(next, logits)
