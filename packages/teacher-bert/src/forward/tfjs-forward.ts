import * as tf from '@tensorflow/tfjs-core'
import type { BertConfig } from '../checkpoint/config.ts'
import type { BertWeights } from '../checkpoint/weights.ts'
import type { Forward } from './forward-pass.ts'
import { placesOf } from './places.ts'
import { bertLogits, bertTensors } from './tfjs-bert.ts'

/** The forward pass in TensorFlow.js on its current backend, in single precision; int8 weights are widened once. */
export function tfjsForward(weights: BertWeights, config: BertConfig): Forward {
  const tensors = tf.tidy(() => bertTensors(weights))
  return {
    arithmetic: 'float32, TensorFlow.js',
    async run(ids, types, [batch, length]) {
      const logits = tf.tidy(() => {
        const table = (values: Int32Array) => tf.tensor2d(values, [batch, length], 'int32')
        const places = config.firstPosition > 0 ? table(placesOf(ids, length, config)) : undefined
        return bertLogits(tensors, config, table(ids), table(types), { places })
      })
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
