import * as tf from '@tensorflow/tfjs-core'
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers'

/** The convnet of tfjs-examples/mnist: images `[batch, side, side, 1]`, ten classes. */
export function convnet(side = 28): LayersModel {
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [side, side, 1], kernelSize: 5, filters: 8, activation: 'relu', kernelInitializer: 'varianceScaling' }),
      layers.maxPooling2d({ poolSize: 2, strides: 2 }),
      layers.conv2d({ kernelSize: 3, filters: 16, activation: 'relu', kernelInitializer: 'varianceScaling' }),
      layers.maxPooling2d({ poolSize: 2, strides: 2 }),
      layers.flatten(),
      layers.dense({ units: 10, kernelInitializer: 'varianceScaling' }),
    ],
  })
}

export const convnetLoss = (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits)
