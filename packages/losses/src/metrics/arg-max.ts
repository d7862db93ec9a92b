import { KdError } from '@kd/core'

/**
 * The class with the largest logit of each row; the first of equal ones.
 * @param logits row-major `[rows, classes]`
 * @returns `[rows]`
 * @throws KdError of kind `mismatch` where the length is no multiple of `classes`, `numeric` for NaN
 */
export function argMax(logits: ArrayLike<number>, classes: number): Int32Array {
  if (!(Number.isInteger(classes) && classes > 0) || logits.length % classes !== 0) {
    throw new KdError({ kind: 'mismatch', what: `${logits.length} logits are not rows of ${classes} classes` })
  }
  const best = new Int32Array(logits.length / classes)
  for (let row = 0; row < best.length; row++) {
    for (let index = 0; index < classes; index++) {
      const value = logits[row * classes + index]!
      if (Number.isNaN(value)) throw new KdError({ kind: 'numeric', what: `the logits of row ${row} hold NaN` })
      if (value > logits[row * classes + best[row]!]!) best[row] = index
    }
  }
  return best
}
