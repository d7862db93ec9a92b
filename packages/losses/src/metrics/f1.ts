import { compared } from './compared.ts'

export interface F1Options {
  /** The class that counts as positive, or `macro`: the mean over the classes that occur. Default: class 1, as GLUE has it. */
  positive?: number | 'macro'
}

/** Harmonic mean of precision and recall, from 0 to 1; 0 where nothing positive was found or there. */
export function f1(predicted: ArrayLike<number>, actual: ArrayLike<number>, { positive = 1 }: F1Options = {}): number {
  compared(predicted, actual)
  if (positive !== 'macro') return f1Of(positive, predicted, actual)
  const classes = [...new Set([...Array.from(predicted), ...Array.from(actual)])]
  return classes.reduce((sum, one) => sum + f1Of(one, predicted, actual), 0) / classes.length
}

function f1Of(positive: number, predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  let both = 0
  let either = 0
  for (let i = 0; i < actual.length; i++) {
    const found = predicted[i] === positive
    const there = actual[i] === positive
    if (found && there) both++
    either += Number(found) + Number(there)
  }
  return either === 0 ? 0 : (2 * both) / either
}
