/** TensorFlow.js's own generators: uniform, normal (perhaps truncated) or gamma; `random` and `randu` are what they draw from. */
export interface RandomGenerator {
  random?: () => number
  randu?: () => number
  randn?: RandomGenerator
  readonly min?: number
  readonly range?: number
  nextValue(): number
}

/** One use of a random function of TensorFlow.js that was given no seed. */
export interface RandomUse {
  readonly generator: RandomGenerator
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32' | 'bool'
  /** Whether it is the noise of a dropout: made of one word a row and one a column, which a graph multiplies. */
  readonly noise: boolean
}
