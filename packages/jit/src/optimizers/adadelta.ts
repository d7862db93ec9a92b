import * as tf from '@tensorflow/tfjs-core'
import { nonNegative, rate } from './checks.ts'
import type { Optimizer } from './optimizer.ts'

export interface AdadeltaOptions {
  /** Default 1. */
  learningRate?: number
  /** Decay of the means of squares, default 0.95 (the paper's; PyTorch's own default is 0.9). */
  rho?: number
  /** Default 1e-6. */
  epsilon?: number
}

/**
 * AdaDelta (Zeiler 2012), as PyTorch computes it. TensorFlow.js's own divides by the mean of squares before it has
 * seen the step's gradient, which is another rule. The slots hold decaying sums: mean = (1 - rho) sum.
 */
export function adadelta({ learningRate = 1, rho = 0.95, epsilon = 1e-6 }: AdadeltaOptions = {}): Optimizer {
  nonNegative('learningRate', learningRate)
  rate('rho', rho)
  nonNegative('epsilon', epsilon)
  const scaled = epsilon / (1 - rho)
  return {
    name: 'adadelta',
    learningRate,
    slots: ['squareSum', 'changeSum'],
    update({ parameter, gradient, slots, learningRate, decay = 0 }) {
      const slope = decay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, decay))
      const squareSum = tf.add(tf.mul(slots[0]!, rho), tf.square(slope))
      const change = tf.mul(slope, tf.sqrt(tf.div(tf.add(slots[1]!, scaled), tf.add(squareSum, scaled))))
      const changeSum = tf.add(tf.mul(slots[1]!, rho), tf.square(change))
      return { parameter: tf.sub(parameter, tf.mul(change, learningRate)), slots: [squareSum, changeSum] }
    },
  }
}
