import type { KdError } from '@kd/core'
import type * as tf from '@tensorflow/tfjs-core'
import type { RandomUse } from '../random-use.ts'
import { Graph, type Value } from './graph.ts'
import { refuse } from './refuse.ts'

/** A variable as a recording found it, and where it ended. */
export interface TracedVariable {
  readonly variable: tf.Variable
  /** The input that stands for its value before the call; absent if nothing read it. */
  input?: Value
  /** Its value after the call, if the function assigned it. */
  output?: Value
}

/** A variable that the recording itself created. */
export interface CreatedVariable {
  readonly variable: tf.Variable
  /** Its first value. */
  readonly initial: Value
  /** Where the user's code creates it. */
  readonly where: KdError['where']
}

/** One recording: the graph so far, and what it met. */
export class Recording {
  readonly graph = new Graph()
  readonly variables = new Map<tf.Variable, TracedVariable>()
  readonly created: CreatedVariable[] = []
  /** Uses of random functions, in order: a run is fed numbers for each. */
  readonly randoms: RandomUse[] = []
  /** The variables that were there at the beginning, with their data then. */
  readonly before: ReadonlyMap<tf.Variable, tf.DataId>
  /** The same the other way round: no two share data. */
  readonly owners: ReadonlyMap<tf.DataId, tf.Variable>
  /** The first thing that can't be traced. The recording fails with it even where the function catches it. */
  refusal: KdError | undefined

  constructor(variables: readonly tf.Variable[]) {
    this.before = new Map(variables.map((variable) => [variable, variable.dataId]))
    this.owners = new Map(variables.map((variable) => [variable.dataId, variable]))
  }

  traced(variable: tf.Variable): TracedVariable {
    let traced = this.variables.get(variable)
    if (!traced) this.variables.set(variable, (traced = { variable }))
    return traced
  }

  refuseReading(): KdError {
    this.refusal ??= refuse(
      'the function reads the values of a tensor (dataSync, arraySync, data, print, ...) while jit traces it, when there are none yet',
      'Return the tensor and read it from the result; decide with tf.where instead of if.',
    )
    return this.refusal
  }
}
