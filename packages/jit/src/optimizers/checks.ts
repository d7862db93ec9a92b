import { KdError } from '@kd/core'

export function nonNegative(option: string, value: number): number {
  if (!(value >= 0 && value < Infinity)) throw new KdError({ kind: 'option', what: `${value} is not a number from 0`, where: { option } })
  return value
}

export function rate(option: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new KdError({ kind: 'option', what: `${value} is not in [0, 1)`, where: { option } })
  return value
}
