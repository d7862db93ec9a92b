import type { Example } from '@kd/core'
import { KdError, type MetricName, type OnProgress } from '@kd/core'
import type { CheckpointOptions } from '@kd/core/node'
import { metric } from '@kd/losses/metrics'
import { wholeNumber } from '../answers.ts'
import type { FindOptions } from '../checkpoint/find-model.ts'
import type { BertTeacherOptions } from '../teacher.ts'

export interface FineTuneOptions extends Pick<FindOptions, 'from' | 'hub'>, Pick<BertTeacherOptions, 'threads'> {
  /** Names of the classes in the order of their indices. Default: those of the dataset's task; one name for a regression. */
  labels?: readonly string[]
  /** `regression`: `label` is any number, the loss its squared error. Default: `classification`. */
  problem?: 'classification' | 'regression'
  /** What the best epoch is chosen on; without it the last weights are kept. Never the data that is reported. */
  validation?: Iterable<Example>
  /** What it is chosen by. Default: the task's first metric, else `accuracy`, or `pearson` for a regression. */
  metric?: MetricName
  /** Passes over the examples at the most, 1 to 1000. Default 3. */
  epochs?: number
  /** Epochs without a better result on `validation` after which training stops. Default: never before the last. */
  patience?: number
  /** Highest learning rate. Default 5e-5 (Devlin et al. 2019, appendix A.3, tried 5e-5, 3e-5 and 2e-5). */
  learningRate?: number
  /** Share of the steps during which the rate rises from 0; then it falls to 0, both linearly. Default 0.1. */
  warmup?: number
  /** AdamW's weight decay, of neither biases nor norms. Default 0.01. */
  weightDecay?: number
  /** Longest gradient (norm over all weights) that is used as it is; longer ones are shortened to it. Default 1. */
  clipNorm?: number
  /** Examples computed together, 1 to 4096. Default 32. */
  batchSize?: number
  /** Gradient accumulation: so many batches make one update, in the memory that one of them takes; 1 to 1000. Default 1. */
  accumulate?: number
  /** Share of elements that are dropped, at each place where the family drops some. Default: as `config.json` says. */
  dropout?: number
  /** Each layer learns at the rate of the one above it times this, in (0, 1]; embeddings are the lowest. Default 1. */
  layerDecay?: number
  /** Stays as it is: the `embeddings`, or them and this many of the first layers. Default: nothing. */
  freeze?: 'embeddings' | number
  /** How much an example of each class counts, one number above 0 a class; `balanced`: the classes count alike. Default: all 1. */
  classWeights?: readonly number[] | 'balanced'
  /** Longest text in tokens, special ones included; longer ones are cut. Default: the tokeniser's, else the model's. */
  maxLength?: number
  /** Decides a new head's weights, order of examples and dropout. Default 0. */
  seed?: number
  /** Saves all state as it goes, and goes on from there when the file exists: with the same bits as without a pause. */
  checkpoint?: CheckpointOptions
  /** The teacher's name in reports. Default: the base's with `, fine-tuned`. */
  name?: string
  signal?: AbortSignal
  /** Stage `train` in steps; `figures` have `loss`, `epoch`, `examples a second`, `seconds left` and the latest `validation`. */
  onProgress?: OnProgress
}

/** Options with their defaults, checked. */
export interface Settings {
  readonly regression: boolean
  readonly metric: MetricName
  readonly epochs: number
  readonly patience: number
  readonly learningRate: number
  readonly warmup: number
  readonly weightDecay: number
  readonly clipNorm: number
  /** Examples in an update. */
  readonly updateSize: number
  /** Batches in an update. */
  readonly accumulate: number
  readonly layerDecay: number
  /** Parameters of this depth or less stay: -1 for none, 0 for the embeddings, 1 for the first layer. */
  readonly frozenDepth: number
  readonly seed: number
  readonly saveEvery: number
}

/** @throws KdError of kind `option` */
export function settle(options: FineTuneOptions, usualMetric: MetricName | undefined): Settings {
  const { problem = 'classification', freeze, dropout, layerDecay = 1, warmup = 0.1, checkpoint } = options
  if (problem !== 'classification' && problem !== 'regression') {
    throw refused('problem', `${JSON.stringify(problem)} is neither classification nor regression`)
  }
  const regression = problem === 'regression'
  const name = options.metric ?? (regression ? 'pearson' : (usualMetric ?? 'accuracy'))
  metric(name)
  if (regression !== (name === 'pearson' || name === 'spearman')) throw refused('metric', `${name} is no metric of a ${problem}`)
  if (dropout !== undefined && !(dropout >= 0 && dropout < 1)) throw refused('dropout', `${dropout} is not in [0, 1)`)
  if (!(layerDecay > 0 && layerDecay <= 1)) throw refused('layerDecay', `${layerDecay} is not in (0, 1]`)
  if (!(warmup >= 0 && warmup <= 1)) throw refused('warmup', `${warmup} is not in [0, 1]`)
  const accumulate = wholeNumber('accumulate', options.accumulate ?? 1, 1, 1000)
  return {
    regression,
    metric: name,
    epochs: wholeNumber('epochs', options.epochs ?? 3, 1, 1000),
    patience: wholeNumber('patience', options.patience ?? 1000, 1, 1000),
    learningRate: atLeast('learningRate', options.learningRate ?? 5e-5, Number.MIN_VALUE),
    warmup,
    weightDecay: atLeast('weightDecay', options.weightDecay ?? 0.01, 0),
    clipNorm: atLeast('clipNorm', options.clipNorm ?? 1, Number.MIN_VALUE),
    updateSize: wholeNumber('batchSize', options.batchSize ?? 32, 1, 4096) * accumulate,
    accumulate,
    layerDecay,
    frozenDepth: freeze === undefined ? -1 : freeze === 'embeddings' ? 0 : wholeNumber('freeze', freeze, 1, 1000),
    seed: wholeNumber('seed', options.seed ?? 0, 0, Number.MAX_SAFE_INTEGER),
    saveEvery: wholeNumber('checkpoint.every', checkpoint?.every ?? 500, 1, 10_000_000),
  }
}

/** Factor on the learning rate at `step` of `steps`, counted from 0: as transformers' get_linear_schedule_with_warmup. */
export function rateFactor(step: number, steps: number, warmup: number): number {
  const rise = Math.ceil(warmup * steps)
  return step < rise ? step / rise : (steps - step) / Math.max(1, steps - rise)
}

export const refused = (option: string, what: string, fix?: string): KdError =>
  new KdError({ kind: 'option', what, where: { option }, fix })

function atLeast(option: string, value: number, least: number): number {
  if (value >= least && value < Infinity) return value
  throw refused(option, `${value} is not a number ${least === 0 ? 'from' : 'above'} 0`)
}
