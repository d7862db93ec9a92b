import { compared } from './compared.ts'

/**
 * Matthews correlation of predicted and true classes, from -1 to 1, for any number of classes (Gorodkin 2004, R_K);
 * 0 where one side has a single class.
 */
export function mcc(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const count = compared(predicted, actual)
  const found = new Map<number, number>()
  const there = new Map<number, number>()
  let right = 0
  for (let i = 0; i < count; i++) {
    const p = predicted[i]!
    const a = actual[i]!
    found.set(p, (found.get(p) ?? 0) + 1)
    there.set(a, (there.get(a) ?? 0) + 1)
    if (p === a) right++
  }
  let product = 0
  for (const [index, times] of found) product += times * (there.get(index) ?? 0)
  const spread = (counts: Map<number, number>) => count ** 2 - [...counts.values()].reduce((sum, times) => sum + times ** 2, 0)
  const scale = Math.sqrt(spread(found)) * Math.sqrt(spread(there))
  return scale === 0 ? 0 : (right * count - product) / scale
}
