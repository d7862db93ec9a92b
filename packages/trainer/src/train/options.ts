import type { Dataset, OnProgress } from '@kd/core'
import { KdError } from '@kd/core'
import type { CheckpointOptions } from '@kd/core/node'
import { adadelta, adam, adamW, type Optimizer } from '@kd/jit'
import { crossEntropy, type Loss, logitsMse, scoreMse } from '@kd/losses'
import type { StudentDescription } from '@kd/students'

/** How the learning rate goes over the steps: see `schedule.ts`. */
export type Schedule = 'constant' | 'linear' | 'one-cycle'

export interface TrainOptions {
  /**
   * Default: MSE on the teacher's logits where there are any (Tang et al. 2019, section 3.2), else cross-entropy on the labels,
   * or where they are scores MSE.
   */
  loss?: Loss
  /** Default `adam`. The paper's is `adadelta` (rho 0.95): see `paper`. */
  optimizer?: 'adam' | 'adamw' | 'adadelta' | Optimizer
  /**
   * Highest learning rate of the schedule. Default 1 for AdaDelta; else 3e-3 for a loss that reads the teacher's logits and 1e-3
   * for gold labels, the better of the two for each on validation data (docs/results.md).
   */
  learningRate?: number
  /** Default `one-cycle`; `constant` for AdaDelta. */
  schedule?: Schedule
  /** Examples in one update, 1 to 4096. Default 256. */
  batchSize?: number
  /** Longest gradient (norm over all weights) that is used as it is; longer ones are shortened to it. Default 1. */
  clipNorm?: number
  /** Updates at the most. Give this or `epochs`. */
  steps?: number
  /** Passes over the data at the most. Default 10 where `steps` is absent. */
  epochs?: number
  /** Updates between two evaluations on `validation`. Default: an epoch, but at least 10 evaluations in all. */
  evaluateEvery?: number
  /** Evaluations without a better result after which training stops. Default: never before the last step. */
  patience?: number
  /** What the best weights are chosen on, by the mean of its task's metrics; without it the last weights are kept. Never the data that is reported. */
  validation?: Dataset
  /**
   * What stands in for the gold label of an example without one when the loss needs labels: the teacher's arg-max
   * (Tang et al. 2019, section 3.2), or an error.
   */
  labelsForUnlabelled?: 'teacher' | 'none'
  /** Decides initial weights, order of examples and dropout. Default 0. */
  seed?: number
  /** Saves all state as it goes, and goes on from there when the file exists: with the same bits as without a pause. */
  checkpoint?: CheckpointOptions
  /** Shown in progress events. */
  name?: string
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** The paper's training settings (section 4.3): AdaDelta with rho 0.95 and learning rate 1, batches of 50. */
export const paper = { optimizer: 'adadelta', learningRate: 1, schedule: 'constant', batchSize: 50 } as const satisfies TrainOptions

/**
 * Dropout of a student whose description does not say: 0.3; but 0.6 for a student of single texts on gold labels, which it soon
 * knows by heart. The best of those tried for each on validation data (docs/results.md).
 */
export const usualDropout = ({ needs }: Loss, { student }: StudentDescription): number =>
  needs.logits || student === 'siamese' ? 0.3 : 0.6

const optimizers = { adam, adamw: adamW, adadelta } as const
const schedules: readonly Schedule[] = ['constant', 'linear', 'one-cycle']

export interface Settings {
  loss: Loss
  optimizer: Optimizer
  learningRate: number
  schedule: Schedule
  batchSize: number
  clipNorm: number
  steps: number
  evaluateEvery: number
  patience: number
  seed: number
}

export interface DataFacts {
  /** Number of training examples. */
  readonly examples: number
  /** One class is a score. */
  readonly classes: number
  readonly hasLogits: boolean
}

/** The loss on gold labels: classes or scores. */
export const goldLoss = (classes: number): Loss => (classes === 1 ? scoreMse() : crossEntropy())

/** Checks the options and fills in defaults. */
export function settle(options: TrainOptions, { examples, classes, hasLogits }: DataFacts): Settings {
  const adaptive = options.optimizer === 'adadelta'
  const loss = options.loss ?? (hasLogits ? logitsMse() : goldLoss(classes))
  if (loss.needs.logits && !hasLogits) {
    throw new KdError({
      kind: 'mismatch',
      what: `the loss ${loss.name} needs the teacher's logits, the training data has none`,
      where: { option: 'loss' },
      fix: 'Label the data first with labelTransferSet, or use crossEntropy() for gold labels.',
    })
  }
  const batchSize = integer(options, 'batchSize', 256, 1, 4096)
  const epochSteps = Math.ceil(examples / batchSize)
  if (options.steps !== undefined && options.epochs !== undefined) {
    throw new KdError({ kind: 'option', what: 'both steps and epochs are given', where: { option: 'steps' }, fix: 'Give one of them.' })
  }
  const steps =
    options.steps === undefined ? epochSteps * integer(options, 'epochs', 10, 1, 10_000) : integer(options, 'steps', 1, 1, 10_000_000)
  const schedule = options.schedule ?? (adaptive ? 'constant' : 'one-cycle')
  if (!schedules.includes(schedule)) {
    throw new KdError({ kind: 'option', what: `${schedule} is none of ${schedules.join(', ')}`, where: { option: 'schedule' } })
  }
  return {
    loss,
    optimizer: optimizerOf(options.optimizer ?? 'adam'),
    learningRate: positive(options, 'learningRate', adaptive ? 1 : loss.needs.logits ? 3e-3 : 1e-3),
    schedule,
    batchSize,
    clipNorm: positive(options, 'clipNorm', 1),
    steps,
    evaluateEvery: integer(options, 'evaluateEvery', Math.max(1, Math.min(epochSteps, Math.ceil(steps / 10))), 1, 10_000_000),
    patience: integer(options, 'patience', 10_000_000, 1, 10_000_000),
    seed: integer(options, 'seed', 0, 0, Number.MAX_SAFE_INTEGER),
  }
}

function optimizerOf(optimizer: NonNullable<TrainOptions['optimizer']>): Optimizer {
  if (typeof optimizer !== 'string') return optimizer
  if (Object.hasOwn(optimizers, optimizer)) return optimizers[optimizer]()
  throw new KdError({
    kind: 'option',
    what: `${optimizer} is none of ${Object.keys(optimizers).join(', ')}`,
    where: { option: 'optimizer' },
  })
}

type NumberOption = { [K in keyof TrainOptions]-?: TrainOptions[K] extends number | undefined ? K : never }[keyof TrainOptions]

function integer(options: TrainOptions, name: NumberOption, fallback: number, least: number, most: number): number {
  const value = options[name] ?? fallback
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${least} to ${most}`, where: { option: name } })
}

function positive(options: TrainOptions, name: NumberOption, fallback: number): number {
  const value = options[name] ?? fallback
  if (Number.isFinite(value) && value > 0) return value
  throw new KdError({ kind: 'option', what: `${value} is not a number above 0`, where: { option: name } })
}
