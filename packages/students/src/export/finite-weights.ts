import { KdError } from '@kd/core'
import type { Student } from '../student/student.ts'

/**
 * The student's weights, which other programs are to read.
 * @throws KdError of kind `numeric`, with the tensor, for values that are not finite
 */
export function finiteWeights(student: Student): Record<string, Float32Array> {
  const weights = student.weights()
  const damaged = Object.keys(weights).find((name) => !weights[name]!.every(Number.isFinite))
  if (damaged === undefined) return weights
  const fix = 'Train again with a lower learning rate.'
  throw new KdError({ kind: 'numeric', what: 'it holds values that are not finite', where: { tensor: damaged }, fix })
}
