import { type Example, KdError, type OnProgress, Random, throwIfAborted } from '@kd/core'
import { Neighbours } from './neighbours.ts'
import { Reporter } from './reporter.ts'
import { TextPool } from './text-pool.ts'
import { TextSet } from './text-set.ts'

export interface PairUpOptions {
  /** A whole number from 0 to 2^53 - 1. */
  seed: number
  /** Pairs wanted, from 1; fewer come out where the texts don't give more. */
  count: number
  /** Share of pairs whose texts are neighbours, from 0 to 1; those of the others are drawn at random. Default: 0.75. */
  nearest?: number
  /** How many nearest texts a text's neighbour is drawn from, 1 to 100. Default: 5. */
  neighbours?: number
  /**
   * Which side of a new pair a text may take. `own` (default): the one that it has in the given pairs, as premises stay
   * premises. `any`: either, where order says nothing, as between two questions; (a, b) and (b, a) are then duplicates.
   */
  sides?: 'own' | 'any'
  /** Pairs that never come out, such as those of validation and test. */
  exclude?: Iterable<Example>
  signal?: AbortSignal
  /** Called for the pairs made, at most ten times a second, and at the end. */
  onProgress?: OnProgress
}

/** Rounds in a row without a new pair, after which there are none left. */
const mostRoundsInVain = 20

/**
 * Unlabelled pairs, made of the texts of given ones: a further source of transfer examples beside `augment`, whose pairs
 * are all near the given pairs. Texts take turns as the first one, in a random order. The second is a neighbour by words
 * in common, so that a teacher has to look closely, or any other text. Given pairs do not come out, no pair twice, and no
 * text with itself.
 *
 * Text i of round r is paired by (`seed`, r, i) alone: more pairs begin with the same ones. 80,000 texts take seconds.
 * @param examples pairs, or single texts, which may take either side; read once, at once
 * @throws KdError of kind `option`, or `data` for fewer than two different texts, at once; later `aborted`
 */
export function pairUp(examples: Iterable<Example | string>, options: PairUpOptions): Generator<Example> {
  const { seed, count, nearest = 0.75, neighbours = 5, sides = 'own' } = options
  check('count', count, Number.isInteger(count) && count >= 1, 'a whole number from 1')
  check('nearest', nearest, nearest >= 0 && nearest <= 1, 'a share from 0 to 1')
  check('neighbours', neighbours, Number.isInteger(neighbours) && neighbours >= 1 && neighbours <= 100, 'a whole number from 1 to 100')
  check('sides', sides, sides === 'own' || sides === 'any', '"own" or "any"')
  const random = new Random(seed, 'pair')
  const anyOrder = sides === 'any'
  const pool = new TextPool(anyOrder)
  const seen = new TextSet(anyOrder)
  for (const given of examples) {
    const example = typeof given === 'string' ? { text: given } : given
    pool.add(example)
    seen.add(example, 'original')
  }
  for (const example of options.exclude ?? []) seen.add(example, 'excluded')
  const { first, second } = pool.sides
  if (pool.size < 2 || first.length === 0 || second.length === 0) {
    throw new KdError({
      kind: 'data',
      what: `${pool.size} different texts, ${first.length} that may stand first and ${second.length} second, make no pair`,
      where: { option: 'examples' },
      fix: 'Give at least two that are not empty.',
    })
  }
  return generate(pool, { ...options, nearest, neighbours }, random, (pair) => seen.add(pair, 'synthetic') === undefined)
}

function check(option: string, value: unknown, isRight: boolean, expected: string): void {
  if (!isRight) throw new KdError({ kind: 'option', what: `${String(value)} is not ${expected}`, where: { option } })
}

function* generate(
  pool: TextPool,
  { count, nearest, neighbours, signal, onProgress }: PairUpOptions & { nearest: number; neighbours: number },
  random: Random,
  isNew: (pair: Example) => boolean,
): Generator<Example> {
  const reporter = new Reporter('pair', onProgress, count)
  const { texts } = pool
  const { first, second } = pool.sides
  const near = nearest > 0 ? new Neighbours(texts, second) : undefined
  const found = new Map<number, readonly number[]>()
  const nearestOf = (index: number): readonly number[] => {
    const known = found.get(index) ?? near!.of(index, neighbours)
    found.set(index, known)
    return known
  }
  const order = Uint32Array.from(first.keys())
  let made = 0
  for (let round = 0, inVain = 0; inVain < mostRoundsInVain; round++) {
    random.at(round, first.length).shuffle(order)
    const before = made
    for (const place of order) {
      throwIfAborted(signal)
      const index = first[place]!
      const others = random.at(round, place).uniform() < nearest ? nearestOf(index) : []
      const other = others.length > 0 ? others[random.integer(others.length)]! : second[random.integer(second.length)]!
      if (other === index) continue
      const pair = { text: texts[index]!, pair: texts[other]! }
      if (!isNew(pair)) continue
      yield pair
      made++
      reporter.report(made)
      if (made === count) return reporter.end(made)
    }
    inVain = made === before ? inVain + 1 : 0
  }
  reporter.end(made)
}
