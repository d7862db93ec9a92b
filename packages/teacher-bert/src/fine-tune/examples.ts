import { type Dataset, type Example, KdError, type Task } from '@kd/core'
import type { Encoding } from '../tokenizer/tokenizer.ts'
import type { Target } from './batch-inputs.ts'
import { type FineTuneOptions, refused } from './options.ts'

/** Examples as training reads them. */
export interface TrainingExamples {
  readonly encodings: readonly Encoding[]
  readonly targets: readonly Target[]
}

export const taskOf = (examples: Iterable<Example>): Task | undefined => ('task' in examples ? (examples as Dataset).task : undefined)

/**
 * Names of what is to be learnt.
 * @throws KdError of kind `option` or `data`
 */
export function labelsOf(examples: Iterable<Example>, { labels }: FineTuneOptions, regression: boolean): readonly string[] {
  const names = labels ?? (regression ? ['score'] : taskOf(examples)?.labels)
  if (names === undefined)
    throw refused('labels', 'the examples come without a task that names their classes', 'Name them: labels: ["no", "yes"].')
  if (regression && names.length !== 1) throw refused('labels', `a regression has one name, not ${names.length}`)
  if (!regression && (names.length < 2 || new Set(names).size !== names.length)) {
    throw refused('labels', `${JSON.stringify(names)} are not two or more different names`)
  }
  return names
}

/**
 * The labels of examples, each checked.
 * @param what names the examples in errors
 * @throws KdError of kind `data` where there is no example or one has no label or one out of range
 */
export function goldLabels(examples: readonly Example[], labels: readonly string[], regression: boolean, what: string): Float32Array {
  if (examples.length === 0) throw new KdError({ kind: 'data', what: `there are no ${what} examples` })
  return Float32Array.from(examples, ({ label }, index) => {
    if (label === undefined) {
      throw new KdError({
        kind: 'data',
        what: `${what} example ${index + 1} has no label`,
        fix: 'Leave unlabelled examples out: they are for a teacher to label.',
      })
    }
    const fits = regression ? Number.isFinite(label) : Number.isInteger(label) && label >= 0 && label < labels.length
    if (fits) return label
    throw new KdError({
      kind: 'data',
      what: `${what} example ${index + 1} has the label ${label}, ${regression ? 'not a finite number' : `not a class from 0 to ${labels.length - 1} (${labels.join(', ')})`}`,
      fix: regression ? undefined : 'Name all classes in `labels`, or ask for a regression: problem: "regression".',
    })
  })
}

/**
 * How much an example of each class counts.
 * @throws KdError of kind `option`
 */
export function weightsOfClasses(
  wanted: FineTuneOptions['classWeights'],
  golds: Float32Array,
  labels: readonly string[],
  regression: boolean,
): readonly number[] {
  if (wanted === undefined) return labels.map(() => 1)
  if (regression) throw refused('classWeights', 'a regression has no classes')
  if (wanted === 'balanced') {
    const counts = labels.map((_, label) => golds.reduce((count, gold) => count + (gold === label ? 1 : 0), 0))
    return counts.map((count) => (count === 0 ? 1 : golds.length / (labels.length * count)))
  }
  if (wanted.length === labels.length && wanted.every((weight) => weight > 0 && weight < Infinity)) return wanted
  throw refused('classWeights', `${JSON.stringify(wanted)} are not ${labels.length} numbers above 0, one for each class`)
}

/** @throws KdError of kind `data` where there is nothing to tell apart */
export function assertSomethingToLearn(golds: Float32Array, labels: readonly string[], regression: boolean): void {
  if (golds.some((gold) => gold !== golds[0])) return
  throw new KdError({
    kind: 'data',
    what: `all ${golds.length} examples have the same label, ${regression ? golds[0] : labels[golds[0]!]}: there is nothing to tell apart`,
    fix: 'Give examples of two classes at least.',
  })
}

/** The next length that batches are padded to: steps of 4, 8, 16 and 32 tokens. */
export function lengthBucket(length: number, longest: number): number {
  const grain = length <= 32 ? 4 : length <= 64 ? 8 : length <= 128 ? 16 : 32
  return Math.min(longest, Math.ceil(length / grain) * grain)
}
