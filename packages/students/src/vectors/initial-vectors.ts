import { KdError, Random, type WordVectors } from '@kd/core'
import { continuation, paddingId } from '@kd/runtime'

/** Standard deviation of random vectors where there are no others to go by. */
const randomDeviation = 0.1

/**
 * Word vectors of a vocabulary, row-major `[words.length, dimensions]`. A piece of words (`##ness`) has the vector of its
 * letters as a word. Words that the source lacks get random ones,
 * uniform with mean 0 and the deviation of those found; padding gets zeros. A row depends on seed and place alone.
 * @throws KdError of kind `mismatch` if the source gives another number of values, `numeric` if one is infinite
 */
export async function initialVectors(
  words: readonly string[],
  { dimensions, vectors, seed }: { dimensions: number; vectors?: WordVectors; seed: number },
): Promise<Float32Array> {
  const size = words.length * dimensions
  const values = vectors ? Float32Array.from(await vectors.vectorsFor(words.map(letters))) : new Float32Array(size).fill(Number.NaN)
  if (values.length !== size) {
    throw new KdError({
      kind: 'mismatch',
      what: `the vectors of ${vectors?.name} have ${values.length} values for ${words.length} words of ${dimensions} dimensions`,
    })
  }
  const bound = deviation(values, vectors?.name) * Math.sqrt(3)
  const random = new Random(seed, 'word vectors')
  for (let row = 0; row < words.length; row++) {
    const vector = values.subarray(row * dimensions, (row + 1) * dimensions)
    if (!vector.some(Number.isNaN)) continue
    random.at(0, row)
    for (let column = 0; column < dimensions; column++) vector[column] = (2 * random.uniform() - 1) * bound
  }
  return values.fill(0, paddingId * dimensions, (paddingId + 1) * dimensions)
}

const letters = (word: string) =>
  word.length > continuation.length && word.startsWith(continuation) ? word.slice(continuation.length) : word

function deviation(values: Float32Array, name: string | undefined): number {
  let count = 0
  let sum = 0
  let squares = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    count++
    sum += value
    squares += value * value
  }
  if (!Number.isFinite(squares)) throw new KdError({ kind: 'numeric', what: `the vectors of ${name} hold infinite values` })
  return count === 0 ? randomDeviation : Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2))
}
