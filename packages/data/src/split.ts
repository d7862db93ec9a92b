import { type Dataset, dataset, type Example, KdError, Random, textKey } from '@kd/core'
import { assignComponents } from './assign-components.ts'
import { holdersOf } from './containment.ts'

export interface SplitOptions {
  /** A whole number from 0: the same seed makes the same parts. */
  seed: number
  /** Share of the validation part, from 0. Default: 0.05. */
  validation?: number
  /** Share of the test part, from 0; both together are below 1. Default: 0.1. */
  test?: number
  /**
   * What goes to one part together. A part that is held out is else known from train by its pieces, and the weights that
   * remember most look best on it.
   * - `equal`, the default of single texts: equal texts, or equal pairs.
   * - `connected`, the default of pairs: pairs that share a text, and those that share one with these, so that no text
   *   stands in two parts. An empty text is not counted as shared.
   * - `contained`, for single texts: also a text and the texts that contain it as a run of whole words, as SST-2's
   *   sentences do its phrases; a text that stands in several goes to train if one of those does.
   */
  together?: 'equal' | 'connected' | 'contained'
}

export interface SplitParts {
  readonly train: Dataset
  readonly validation: Dataset
  readonly test: Dataset
}

const partNames = ['test', 'validation', 'train'] as const
const train = partNames.indexOf('train')

/**
 * Splits a dataset into three parts, each in the dataset's order. Every label has its share of each part; texts that are
 * equal, or contained in one, are counted under the label of the first, or of the text that contains them.
 * @throws KdError of kind `option` for shares out of range, `mismatch` for pairs with `contained`, `data` where a part that
 * was asked for stays empty, or below half of its share because nearly all pairs are connected
 */
export function split(data: Dataset, options: SplitOptions): SplitParts {
  const { seed, validation = 0.05, test = 0.1, together = data.task.pairs ? 'connected' : 'equal' } = options
  checkShare('validation', validation)
  checkShare('test', test)
  if (validation + test >= 1) {
    throw new KdError({
      kind: 'option',
      what: `validation ${validation} and test ${test} leave nothing to train on`,
      where: { option: 'validation' },
      fix: 'Both together must be below 1.',
    })
  }
  const shares = { test, validation, train: 1 - validation - test }
  const random = new Random(seed, 'split')
  const part =
    together === 'connected' ? connectedParts(data, shares, random) : assign(data.examples, familiesOf(data, together), shares, random)
  const parts = { train: [] as Example[], validation: [] as Example[], test: [] as Example[] }
  data.examples.forEach((example, i) => {
    parts[partNames[part[i]!]!].push(example)
  })
  for (const name of partNames) {
    if (shares[name] > 0 && parts[name].length === 0) {
      throw new KdError({
        kind: 'data',
        what: `${data.length} examples leave the ${name} part empty`,
        fix: 'Give more examples, or other shares.',
      })
    }
  }
  const { task } = data
  return { train: dataset(task, parts.train), validation: dataset(task, parts.validation), test: dataset(task, parts.test) }
}

function checkShare(option: 'validation' | 'test', share: number): void {
  if (share >= 0 && share < 1) return
  throw new KdError({ kind: 'option', what: `${share} is not a share from 0 to below 1`, where: { option } })
}

/** For each example, the indices of the examples that it goes with; the first decides its label and place. */
function familiesOf({ examples, task }: Dataset, together: string): readonly (readonly number[])[] {
  if (together === 'equal') {
    const first = new Map<string, number>()
    return examples.map((example, index) => {
      const key = textKey(example)
      if (!first.has(key)) first.set(key, index)
      return [first.get(key)!]
    })
  }
  if (together !== 'contained') {
    throw new KdError({ kind: 'option', what: `${together} is none of equal, connected, contained`, where: { option: 'together' } })
  }
  if (task.pairs) {
    throw new KdError({
      kind: 'mismatch',
      what: `the examples of ${task.name} are pairs, and contained is for single texts`,
      where: { option: 'together' },
    })
  }
  return holdersOf(examples.map(({ text }) => text))
}

type Shares = Record<(typeof partNames)[number], number>

/** The part of each example, an index into `partNames`: whole components of pairs that share texts. */
function connectedParts(data: Dataset, shares: Shares, random: Random): Uint8Array {
  const { part, components, largest } = assignComponents(data, [shares.test, shares.validation], random)
  for (const [index, name] of (['test', 'validation'] as const).entries()) {
    const wanted = Math.round(shares[name] * data.length)
    const found = part.reduce((count, own) => (own === index ? count + 1 : count), 0)
    if (found >= wanted / 2) continue
    throw new KdError({
      kind: 'data',
      what: `the ${name} part has ${found} of ${wanted} examples: ${data.length} examples hang together by texts that they share in ${components} groups, ${largest} of them in one`,
      where: { option: 'together' },
      fix: "Where a text may stand in several parts, as one of few second texts does: together: 'equal'.",
    })
  }
  return part
}

/** The part of each example, an index into `partNames`. */
function assign(examples: readonly Example[], families: readonly (readonly number[])[], shares: Shares, random: Random): Uint8Array {
  const part = new Uint8Array(examples.length)
  // What rounding left one label short of is made up for by the next.
  const owed = { test: 0, validation: 0 }
  groupsByLabel(examples, families).forEach((groups, stratum) => {
    random.at(0, stratum).shuffle(groups)
    const size = groups.reduce((sum, group) => sum + group.length, 0)
    let next = 0
    for (const [index, name] of (['test', 'validation'] as const).entries()) {
      owed[name] += size * shares[name]
      while (next < groups.length && owed[name] >= groups[next]!.length / 2) {
        for (const i of groups[next]!) part[i] = index
        owed[name] -= groups[next]!.length
        next++
      }
    }
    for (; next < groups.length; next++) for (const i of groups[next]!) part[i] = train
  })
  return part.map((own, i) => (families[i]!.some((holder) => part[holder] === train) ? train : own))
}

/** Indices of examples, those of one family together, by the label of its first; labels in order, unlabelled ones first. */
function groupsByLabel(examples: readonly Example[], families: readonly (readonly number[])[]): number[][][] {
  const byFirst = new Map<number, number[]>()
  families.forEach(([first], i) => {
    const group = byFirst.get(first!)
    if (group) group.push(i)
    else byFirst.set(first!, [i])
  })
  const strata = new Map<number, number[][]>()
  for (const [first, group] of byFirst) {
    const label = examples[first]!.label ?? -1
    const stratum = strata.get(label)
    if (stratum) stratum.push(group)
    else strata.set(label, [group])
  }
  return [...strata.entries()].sort(([a], [b]) => a - b).map(([, groups]) => groups)
}
