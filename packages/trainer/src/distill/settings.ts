import type { Dataset, Task } from '@kd/core'
import type { StudentDescription } from '@kd/students'
import { goldLoss, type TrainOptions } from '../train/options.ts'
import type { DistillOptions } from './options.ts'

type Training = TrainOptions & Required<Pick<TrainOptions, 'steps' | 'batchSize' | 'evaluateEvery'>>

const defaults = { batchSize: 256, epochs: 10 }
/** How synthetic examples are made where nothing else is asked for (Tang et al. 2019, section 3.3): of pairs half as many. */
export const augmentDefaults = ({ pairs }: Task) => ({ perExample: pairs ? 10 : 20, mask: 0.1, replace: 0.1, ngram: 0.25 })

/** Training options with the number of updates worked out, so that baselines can be given the same. */
export function trainingOf({ training = {} }: DistillOptions, transferExamples: number): Training {
  const { epochs = defaults.epochs, batchSize = defaults.batchSize, ...rest } = training
  const steps = training.steps ?? epochs * Math.ceil(transferExamples / batchSize)
  return { evaluateEvery: Math.max(1, Math.ceil(steps / 20)), ...rest, batchSize, steps }
}

/**
 * How a baseline is trained: ten passes over the gold labels, 600 updates at least, and no more than the distilled student
 * gets. A student knows a small set by heart after a few passes, and a longer schedule only makes it worse (docs/results.md).
 */
export function onGoldLabels(training: Training, { length: examples, task }: Dataset): Training {
  const steps = Math.min(training.steps, Math.max(600, 10 * Math.ceil(examples / training.batchSize)))
  return { ...training, loss: goldLoss(task.labels.length), steps, evaluateEvery: Math.min(training.evaluateEvery, Math.ceil(steps / 20)) }
}

/** What the report says of how it was done: plain values only. */
export function settingsOf(
  options: DistillOptions,
  { task, student, training }: { task: Task; student: StudentDescription; training: TrainOptions },
): Record<string, unknown> {
  const { vectors, ...description } = student
  const { optimizer = 'adam', batchSize, loss, ...rest } = training
  return {
    optimizer: typeof optimizer === 'string' ? optimizer : optimizer.name,
    batch: batchSize,
    ...(loss && { loss: loss.name }),
    ...plain(rest),
    ...plain(description),
    vectors: vectors?.name ?? 'random',
    augment: options.augment === false ? false : { ...augmentDefaults(task), ...plain(options.augment ?? {}) },
  }
}

function plain(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)))
}
