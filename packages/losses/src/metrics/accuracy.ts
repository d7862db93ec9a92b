import { compared } from './compared.ts'

/** The share of examples whose class is right, from 0 to 1. */
export function accuracy(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const count = compared(predicted, actual)
  let right = 0
  for (let i = 0; i < count; i++) if (predicted[i] === actual[i]) right++
  return right / count
}
