import { compared } from './compared.ts'

/** How a class is found; shares are from 0 to 1, and 0 where there is nothing to share. */
export interface ClassFigures {
  /** Examples that are of this class. */
  readonly examples: number
  /** Of what was taken for this class, the share that is. */
  readonly precision: number
  /** Of what is of this class, the share that was found. */
  readonly recall: number
  readonly f1: number
}

/** The figures of each of so many classes. */
export function perClass(predicted: ArrayLike<number>, actual: ArrayLike<number>, classes: number): ClassFigures[] {
  compared(predicted, actual)
  return Array.from({ length: classes }, (_, one) => {
    let [both, found, there] = [0, 0, 0]
    for (let i = 0; i < actual.length; i++) {
      const [isFound, isThere] = [predicted[i] === one, actual[i] === one]
      if (isFound) found++
      if (isThere) there++
      if (isFound && isThere) both++
    }
    const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
    return { examples: there, precision: share(both, found), recall: share(both, there), f1: share(2 * both, found + there) }
  })
}
