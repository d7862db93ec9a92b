import type { StudentDescription } from '@kd/students'
import type { TrainOptions } from '../train/options.ts'
import type { DistillOptions } from './options.ts'

const defaults = { batchSize: 256, epochs: 10 }
/** What `augment` does when nothing else is asked for (Tang et al. 2019, section 3.3). */
const augmentDefaults = { perExample: 20, mask: 0.1, replace: 0.1, ngram: 0.25 }

/** Training options with the number of updates worked out, so that baselines can be given the same. */
export function trainingOf({ training = {} }: DistillOptions, transferExamples: number): TrainOptions & { steps: number } {
  const { epochs = defaults.epochs, batchSize = defaults.batchSize, ...rest } = training
  const steps = training.steps ?? epochs * Math.ceil(transferExamples / batchSize)
  return { evaluateEvery: Math.max(1, Math.ceil(steps / 20)), ...rest, batchSize, steps }
}

/** What the report says of how it was done: plain values only. */
export function settingsOf(options: DistillOptions, student: StudentDescription, training: TrainOptions): Record<string, unknown> {
  const { vectors, ...description } = student
  const { optimizer = 'adam', batchSize, loss, ...rest } = training
  return {
    optimizer: typeof optimizer === 'string' ? optimizer : optimizer.name,
    batch: batchSize,
    ...(loss && { loss: loss.name }),
    ...plain(rest),
    ...plain(description),
    vectors: vectors?.name ?? 'random',
    augment: options.augment === false ? false : { ...augmentDefaults, ...plain(options.augment ?? {}) },
  }
}

function plain(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)))
}
