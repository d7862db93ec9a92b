import { createHash } from 'node:crypto'
import { KdError, type Teacher } from '@kd/core'
import { finiteLogits } from '../labelling/finite-logits.ts'
import { inColumns, type LabelMap, labelColumns } from '../labelling/label-map.ts'

export interface EnsembleOptions {
  /** What is averaged. The mean of `probabilities` is returned as centred logarithms. Default: `logits`. */
  mean?: 'logits' | 'probabilities'
  /** How much each teacher counts, from 0 on. Default: all alike. */
  weights?: readonly number[]
  /** For each teacher, its name of each of the labels, where they differ from the first one's. */
  labelMaps?: readonly (LabelMap | undefined)[]
  /** Default: the teachers' names, joined. */
  name?: string
}

/** A logarithm of less is as good as this one. */
const leastLog = -100

/**
 * Several teachers as one, by the weighted mean of their answers (Hinton et al. 2015, "Distilling the Knowledge in a
 * Neural Network", section 3). Its labels are the first one's.
 * @throws KdError of kind `option`, or `mismatch` where labels differ and no map says which is which
 */
export function ensembleTeacher(teachers: readonly Teacher[], options: EnsembleOptions = {}): Teacher {
  const { mean = 'logits', labelMaps = [] } = options
  const [first] = teachers
  if (!first) throw new KdError({ kind: 'option', what: 'there is no teacher', where: { option: 'teachers' }, fix: 'Give two or more.' })
  if (mean !== 'logits' && mean !== 'probabilities') {
    throw new KdError({ kind: 'option', what: `${JSON.stringify(mean)} is none of logits, probabilities`, where: { option: 'mean' } })
  }
  const weights = shares(options.weights ?? teachers.map(() => 1), teachers.length)
  const { labels } = first
  const columns = teachers.map(({ name, labels: own }, index) =>
    labelColumns(labels, own, labelMaps[index], `teacher ${name}`, 'the ensemble'),
  )
  const counted = teachers
    .map((teacher, index) => ({ teacher, weight: weights[index]!, columns: columns[index]! }))
    .filter(({ weight }) => weight > 0)
  const measuring = counted.map(({ teacher }) => teacher).filter(({ lengths }) => lengths)
  return {
    name: options.name ?? teachers.map(({ name }) => name).join(' + '),
    labels,
    independent: counted.every(({ teacher }) => teacher.independent),
    atOnce: Math.min(...counted.map(({ teacher }) => teacher.atOnce ?? 1)),
    fingerprint: digest([mean, labels, counted.map(({ teacher, ...rest }) => [teacher.fingerprint ?? teacher.name, rest])]),
    async logits(examples, { signal } = {}) {
      const sum = new Float64Array(examples.length * labels.length)
      for (const { teacher, weight, columns } of counted) {
        const own = inColumns(await finiteLogits(teacher, examples, (index) => index, signal), columns)
        const answers = mean === 'logits' ? own : softmaxRows(own, labels.length)
        for (let index = 0; index < sum.length; index++) sum[index]! += weight * answers[index]!
      }
      return mean === 'logits' ? Float32Array.from(sum) : centredRows(sum, labels.length)
    },
    ...(measuring.length > 0 && {
      lengths(examples) {
        const all = measuring.map((teacher) => teacher.lengths!(examples))
        return Uint32Array.from(examples, (_, index) => Math.max(...all.map((lengths) => lengths[index]!)))
      },
    }),
  }
}

function shares(weights: readonly number[], teachers: number): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const fits = weights.length === teachers && weights.every((weight) => Number.isFinite(weight) && weight >= 0) && sum > 0
  if (fits) return weights.map((weight) => weight / sum)
  throw new KdError({
    kind: 'option',
    what: `${JSON.stringify(weights)} are not ${teachers} numbers from 0 on, one above 0`,
    where: { option: 'weights' },
    fix: 'Give one for each teacher.',
  })
}

function softmaxRows(logits: Float32Array, classes: number): Float64Array {
  const probabilities = new Float64Array(logits.length)
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes)
    const most = Math.max(...row)
    let sum = 0
    for (let index = 0; index < classes; index++) sum += probabilities[start + index] = Math.exp(row[index]! - most)
    for (let index = 0; index < classes; index++) probabilities[start + index]! /= sum
  }
  return probabilities
}

function centredRows(probabilities: Float64Array, classes: number): Float32Array {
  const logs = probabilities.map((probability) => Math.max(Math.log(probability), leastLog))
  for (let start = 0; start < logs.length; start += classes) {
    const row = logs.subarray(start, start + classes)
    const mean = row.reduce((sum, log) => sum + log, 0) / classes
    for (let index = 0; index < classes; index++) row[index]! -= mean
  }
  return Float32Array.from(logs)
}

const digest = (value: unknown): string => `ensemble:${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`
