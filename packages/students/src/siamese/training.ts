import * as tf from '@tensorflow/tfjs-core'
import { bucket } from '../encoder/buckets.ts'
import { textColumns } from '../encoder/text-columns.ts'
import type { StudentTraining } from '../student/student.ts'
import { type TrainingParts, trainedLogits, trainedStates, trainedVariables } from '../student/training.ts'
import { pairFeatures } from './features.ts'
import { twoTexts } from './two-texts.ts'

/**
 * The student as a training step sees it: see `StudentTraining`. A batch's texts go through the encoder together: all
 * first ones, then all second ones, along an axis of their own, so that a batch divides along the other.
 */
export function siameseTraining(parts: TrainingParts): StudentTraining {
  return {
    variables: trainedVariables(parts),
    tables: parts.tables,
    encode(example) {
      const [first, second] = twoTexts(example).map((text) => parts.vocabulary.ids(text, parts.maxLength)) as [Int32Array, Int32Array]
      const pair = new Int32Array(1 + first.length + second.length)
      pair[0] = first.length
      pair.set(first, 1)
      pair.set(second, 1 + first.length)
      return pair
    },
    bucket: (pair) => bucket(Math.max(firstOf(pair).length, secondOf(pair).length)),
    batch(pairs, size) {
      const padding = new Array(size - pairs.length)
      return textColumns([...pairs.map(firstOf), ...padding, ...pairs.map(secondOf), ...padding], [2, size])
    },
    exampleAxes: { ids: 3, ends: 2 },
    logits(batch, context) {
      const [first, second] = tf.split(trainedStates(parts, batch, context), 2) as [tf.Tensor2D, tf.Tensor2D]
      return trainedLogits(parts, pairFeatures(first, second), context)
    },
  }
}

/** An encoded pair is how many words the first text has, then the words of both. */
const firstOf = (pair: Int32Array) => pair.subarray(1, 1 + pair[0]!)
const secondOf = (pair: Int32Array) => pair.subarray(1 + pair[0]!)
