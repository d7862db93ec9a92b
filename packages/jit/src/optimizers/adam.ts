import * as tf from '@tensorflow/tfjs-core'
import { nonNegative, rate } from './checks.ts'
import type { Optimizer, UpdateArguments } from './optimizer.ts'

export interface AdamOptions {
  /** Default 1e-3. */
  learningRate?: number
  /** Decay of the mean of the gradients, default 0.9. */
  beta1?: number
  /** Decay of the mean of their squares, default 0.999. */
  beta2?: number
  /** Added to the denominator, default 1e-8. */
  epsilon?: number
}

export interface AdamWOptions extends AdamOptions {
  /** How much of a weight decays at learning rate 1, default 0.01. */
  weightDecay?: number
}

/** Adam (Kingma and Ba 2015), as PyTorch computes it; a weight decay, where a step gives one, is added to the gradient. */
export function adam(options: AdamOptions = {}): Optimizer {
  return make('adam', options, 0, false)
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch computes it. */
export function adamW({ weightDecay = 0.01, ...options }: AdamWOptions = {}): Optimizer {
  return make('adamW', options, nonNegative('weightDecay', weightDecay), true)
}

/**
 * The slots hold the two decaying sums, not the means m = (1 - beta1) M and v = (1 - beta2) V: that saves two passes
 * over all weights, and the factors go into two scalars.
 */
function make(name: string, options: AdamOptions, weightDecay: number, decoupled: boolean): Optimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
  nonNegative('learningRate', learningRate)
  rate('beta1', beta1)
  rate('beta2', beta2)
  nonNegative('epsilon', epsilon)
  return {
    name,
    learningRate,
    slots: ['gradientSum', 'squareSum'],
    update({ parameter, gradient, slots, learningRate, step, decay = weightDecay }: UpdateArguments) {
      const slope = decay === 0 || decoupled ? gradient : tf.add(gradient, tf.mul(parameter, decay))
      const gradientSum = tf.add(tf.mul(slots[0]!, beta1), slope)
      const squareSum = tf.add(tf.mul(slots[1]!, beta2), tf.square(slope))
      // p - lr m / c1 / (sqrt(v / c2) + epsilon), with c = 1 - beta^step
      const scale2 = tf.sqrt(tf.div(oneMinusPower(beta2, step), 1 - beta2))
      const size = tf.mul(tf.mul(tf.div(learningRate, oneMinusPower(beta1, step)), 1 - beta1), scale2)
      const direction = tf.div(gradientSum, tf.add(tf.sqrt(squareSum), tf.mul(scale2, epsilon)))
      const kept = decay === 0 || !decoupled ? parameter : tf.mul(parameter, tf.sub(1, tf.mul(learningRate, decay)))
      return { parameter: tf.sub(kept, tf.mul(direction, size)), slots: [gradientSum, squareSum] }
    },
  }
}

/** 1 - base^step without the loss of digits of a difference. */
function oneMinusPower(base: number, step: tf.Scalar): tf.Tensor {
  return base === 0 ? tf.scalar(1) : tf.neg(tf.expm1(tf.mul(step, Math.log(base))))
}
