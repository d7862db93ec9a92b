import { KdError } from '@kd/core'

/** The number of pairs compared: the same on both sides and not 0. */
export function compared(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  if (predicted.length !== actual.length) {
    throw new KdError({ kind: 'mismatch', what: `${predicted.length} predictions can't be compared with ${actual.length} labels` })
  }
  if (actual.length === 0) {
    throw new KdError({ kind: 'data', what: 'there is no example to compare', fix: 'Evaluate on at least one labelled example.' })
  }
  return actual.length
}
