import { compared } from './compared.ts'

/** Pearson's correlation of two lists of scores, from -1 to 1; NaN where one side is constant. */
export function pearson(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const count = compared(predicted, actual)
  const meanP = mean(predicted)
  const meanA = mean(actual)
  let both = 0
  let squaresP = 0
  let squaresA = 0
  for (let i = 0; i < count; i++) {
    const p = predicted[i]! - meanP
    const a = actual[i]! - meanA
    both += p * a
    squaresP += p * p
    squaresA += a * a
  }
  return both / (Math.sqrt(squaresP) * Math.sqrt(squaresA))
}

/** Spearman's rank correlation: Pearson's of the ranks, equal scores sharing the mean of theirs. */
export function spearman(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  compared(predicted, actual)
  return pearson(ranks(predicted), ranks(actual))
}

function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const ranked = new Float64Array(values.length)
  for (let first = 0; first < order.length; ) {
    let end = first + 1
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++
    for (let i = first; i < end; i++) ranked[order[i]!] = (first + 1 + end) / 2
    first = end
  }
  return ranked
}
