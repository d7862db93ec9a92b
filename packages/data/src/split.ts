import { type Dataset, dataset, type Example, KdError, Random, textKey } from '@kd/core'

export interface SplitOptions {
  /** A whole number from 0: the same seed makes the same parts. */
  seed: number
  /** Share of the validation part, from 0. Default: 0.05. */
  validation?: number
  /** Share of the test part, from 0; both together are below 1. Default: 0.1. */
  test?: number
}

export interface SplitParts {
  readonly train: Dataset
  readonly validation: Dataset
  readonly test: Dataset
}

const partNames = ['test', 'validation', 'train'] as const

/**
 * Splits a dataset into three parts, each in the dataset's order. Every label has its share of each part; equal texts
 * go to one part together, counted under the label of the first.
 * @throws KdError of kind `option` for shares out of range, `data` where a part that was asked for stays empty
 */
export function split(data: Dataset, { seed, validation = 0.05, test = 0.1 }: SplitOptions): SplitParts {
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
  const part = assign(data.examples, shares, new Random(seed, 'split'))
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

/** The part of each example, an index into `partNames`. */
function assign(examples: readonly Example[], shares: Record<(typeof partNames)[number], number>, random: Random): Uint8Array {
  const part = new Uint8Array(examples.length)
  // What rounding left one label short of is made up for by the next.
  const owed = { test: 0, validation: 0 }
  groupsByLabel(examples).forEach((groups, stratum) => {
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
    for (; next < groups.length; next++) for (const i of groups[next]!) part[i] = partNames.indexOf('train')
  })
  return part
}

/** Indices of examples, those of one text together, by the label of the first; labels in order, unlabelled ones first. */
function groupsByLabel(examples: readonly Example[]): number[][][] {
  const byText = new Map<string, number[]>()
  examples.forEach((example, i) => {
    const key = textKey(example)
    const group = byText.get(key)
    if (group) group.push(i)
    else byText.set(key, [i])
  })
  const strata = new Map<number, number[][]>()
  for (const group of byText.values()) {
    const label = examples[group[0]!]!.label ?? -1
    const stratum = strata.get(label)
    if (stratum) stratum.push(group)
    else strata.set(label, [group])
  }
  return [...strata.entries()].sort(([a], [b]) => a - b).map(([, groups]) => groups)
}
