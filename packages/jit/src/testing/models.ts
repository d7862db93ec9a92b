import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'

/** A model of text in miniature with a batch that it can learn: embedding, LSTM, dense. */
export function smallText() {
  const { embedding, lstm, dense } = layers.layers
  const seeded = (seed: number) => layers.initializers.glorotUniform({ seed })
  const model = layers.sequential({
    layers: [
      embedding({ inputDim: 12, outputDim: 6, inputLength: 5, embeddingsInitializer: seeded(1) }),
      lstm({ units: 8, recurrentActivation: 'sigmoid', kernelInitializer: seeded(2), recurrentInitializer: seeded(3) }),
      dense({ units: 3, kernelInitializer: seeded(4) }),
    ],
  })
  const x = tf.tensor2d(
    Array.from({ length: 40 }, (_, place) => (place * 7) % 12),
    [8, 5],
    'int32',
  )
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3)
  const loss = (target: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(target, logits)
  return { model, x: x as tf.Tensor, y, loss }
}
