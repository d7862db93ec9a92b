import * as tf from '@tensorflow/tfjs-core'
import type { BertWeights } from './checkpoint.ts'
import type { BertConfig } from './config.ts'
import type { Forward } from './forward-pass.ts'
import { bertLogits, bertTensors } from './tfjs-bert.ts'

/** The forward pass in TensorFlow.js on its current backend, in single precision; int8 weights are widened once. */
export function tfjsForward(weights: BertWeights, config: BertConfig): Forward {
  const tensors = tf.tidy(() => bertTensors(weights))
  return {
    arithmetic: 'float32, TensorFlow.js',
    async run(ids, types, [batch, length]) {
      const logits = tf.tidy(() =>
        bertLogits(tensors, config, tf.tensor2d(ids, [batch, length], 'int32'), tf.tensor2d(types, [batch, length], 'int32')),
      )
      try {
        return (await logits.data()) as Float32Array
      } finally {
        logits.dispose()
      }
    },
    async dispose() {
      tf.dispose(tensors)
    },
  }
}
