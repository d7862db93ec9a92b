import type { TrainStepOptions } from './options.ts'

/** What one worker updates: some of the variables, which lie side by side. */
export interface Owned {
  /** Indices of the variables. */
  readonly variables: readonly number[]
  /** In elements of the memory that holds all variables. */
  readonly from: number
  readonly length: number
}

/** Where the variables lie in one stretch of memory, and which worker updates which of them. */
export class Layout {
  readonly owned: readonly Owned[]
  readonly length: number
  /** Of each variable, in elements. */
  readonly offsets: readonly number[]

  constructor({ variables }: TrainStepOptions, workers: number) {
    const shares = Array.from({ length: workers }, () => ({ size: 0, variables: [] as number[] }))
    const bySize = variables.map(({ size }, index) => ({ size, index })).sort((a, b) => b.size - a.size)
    for (const { size, index } of bySize) {
      const least = shares.reduce((least, share) => (share.size < least.size ? share : least))
      least.size += size
      least.variables.push(index)
    }
    const offsets: number[] = variables.map(() => 0)
    let end = 0
    this.owned = shares.map(({ variables: own }) => {
      const from = end
      own.sort((a, b) => a - b)
      for (const index of own) {
        offsets[index] = end
        // Each begins on a cache line of its own.
        end += Math.ceil(variables[index]!.size / 16) * 16
      }
      return { variables: own, from, length: end - from }
    })
    this.offsets = offsets
    this.length = end
  }
}
