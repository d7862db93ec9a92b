import * as tf from '@tensorflow/tfjs-core'

/** One way to use a kernel: what the op tests run plain, traced, and traced again on fresh inputs. */
export interface OpRow {
  readonly kernel: string
  /** What is special about this row, if a kernel has several. */
  readonly of?: string
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[]
  /** Shapes of the inputs. Default: `[[3, 4]]`. */
  readonly shapes?: readonly (readonly number[])[]
  /** Where floats are drawn from: keeps logarithms positive and rounding away from its jumps. Default: [-2, 2]. */
  readonly range?: readonly [number, number]
  /** Types of the inputs, float32 where absent; integers are drawn from the range, its end excluded. */
  readonly types?: readonly ('float32' | 'int32' | 'bool')[]
  /** Values of an input, instead of drawn ones, by its place. */
  readonly values?: Readonly<Record<number, readonly number[]>>
  /** Whether floats are drawn without two close ones, for what jumps where they change places. */
  readonly apart?: boolean
  /** Absolute and relative difference allowed. Default: 2e-6. */
  readonly tolerance?: number
  /** Whether the gradients are compared too. Default: true. */
  readonly gradient?: boolean
  /** Why TensorFlow.js's gradient, which the traced one equals, is not the function's derivative. */
  readonly notTheDerivative?: string
}

/** To float32. */
export const f = (x: tf.Tensor) => tf.cast(x, 'float32')
export const pair = [
  [3, 4],
  [3, 4],
]
export const row = [[3, 4], [4]]
/** For what has no derivative, or none that TensorFlow.js itself can compute. */
export const none = { gradient: false } as const
