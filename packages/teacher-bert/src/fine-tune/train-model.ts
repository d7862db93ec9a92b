import { KdError, type PlannedBatch, planEpoch, throwIfAborted } from '@kd/core'
import { loadCheckpoint, saveCheckpoint, type TrainingIdentity, type TrainingState } from '@kd/core/node'
import { adamW, type TrainStep, trainStep } from '@kd/jit'
import type { BertConfig } from '../checkpoint/config.ts'
import type { BertWeights } from '../checkpoint/weights.ts'
import { batchInputs } from './batch-inputs.ts'
import type { DropoutRates } from './dropout.ts'
import { lengthBucket, type TrainingExamples } from './examples.ts'
import { modelLoss } from './model-loss.ts'
import { type FineTuneOptions, rateFactor, type Settings } from './options.ts'
import { type Parameters, parametersOf, restoreValues, tableOf, valuesOf, weightsOf } from './parameters.ts'

export interface Training {
  readonly weights: BertWeights
  readonly config: BertConfig
  readonly rates: DropoutRates
  readonly examples: TrainingExamples
  /** In tokens. */
  readonly maxLength: number
  readonly settings: Settings
  /** What a checkpoint must be of. */
  readonly identity: TrainingIdentity
  /** How good weights are on validation data: higher is better. Absent where there is none. */
  readonly judge?: (weights: BertWeights) => Promise<number>
}

export interface Trained {
  readonly weights: BertWeights
  readonly state: TrainingState
  readonly steps: number
  readonly seconds: number
}

/** Trains until the last epoch, or until `patience` is at its end; the best weights come back. */
export async function trainModel(training: Training, options: FineTuneOptions): Promise<Trained> {
  const { identity } = training
  const { checkpoint } = options
  const state: TrainingState = (checkpoint && (await loadCheckpoint(identity, checkpoint))) ?? {
    step: 0,
    seconds: 0,
    trainStep: {},
    best: undefined,
    history: [],
  }
  const parameters = parametersOf(training.weights)
  const step = stepOf(parameters, training)
  try {
    if (state.step > 0) await step.restore(state.trainStep)
    const seconds = await run(step, parameters, state, training, options)
    if (state.best) restoreValues(parameters, state.best.weights)
    else await step.sync()
    return { weights: weightsOf(parameters), state, steps: state.step, seconds }
  } finally {
    await step.dispose()
    parameters.dispose()
  }
}

function stepOf(parameters: Parameters, { config, rates, settings }: Training): TrainStep {
  const { learningRate, weightDecay, clipNorm, layerDecay, frozenDepth, seed, regression, accumulate } = settings
  const facts = new Map(parameters.variables.map((one) => [one.variable, one]))
  const top = config.layers + 1
  return trainStep({
    variables: parameters.variables.filter(({ depth }) => depth > frozenDepth).map(({ variable }) => variable),
    tables: [tableOf(parameters, frozenDepth < 0)],
    optimizer: adamW({ learningRate, weightDecay }),
    decay: (variable) => (facts.get(variable)!.decays ? weightDecay : 0),
    rate: (parameter) => layerDecay ** (top - ('dimensions' in parameter ? 0 : facts.get(parameter)!.depth)),
    clipNorm,
    seed,
    loss: modelLoss(parameters, config, rates, regression),
    parallel: { loss: 'sum', accumulate },
  })
}

/** @returns seconds of training, pauses excluded */
async function run(
  step: TrainStep,
  parameters: Parameters,
  state: TrainingState,
  { config, examples, maxLength, settings, identity, judge }: Training,
  { checkpoint, signal, onProgress, name }: FineTuneOptions,
): Promise<number> {
  const { updateSize, epochs, patience, learningRate, warmup, seed, regression, saveEvery } = settings
  const { encodings, targets } = examples
  const lengths = Int32Array.from(encodings, ({ ids }) => lengthBucket(ids.length, maxLength))
  const epochSteps = Math.ceil(encodings.length / updateSize)
  const steps = epochs * epochSteps
  const before = state.seconds
  const began = performance.now()
  const first = state.step
  const secondsSoFar = () => before + (performance.now() - began) / 1000
  let plan: PlannedBatch[] = []
  let planned = -1
  let running = state.running ?? { sum: 0, count: 0 }
  let savedAt = state.step
  const begin = (number: number) => {
    const epoch = Math.floor(number / epochSteps)
    if (epoch !== planned) {
      plan = planEpoch(lengths, updateSize, seed, epoch)
      planned = epoch
    }
    const { examples: rows, length } = plan[number % epochSteps]!
    const shape = { size: updateSize, length, regression }
    const batch = batchInputs(at(encodings, rows), at(targets, rows), shape, config)
    const running = step.run(batch, { learningRate: learningRate * rateFactor(number, steps, warmup) })
    // It may be that nobody waits for it any more.
    running.catch(() => {})
    return running
  }
  const saves = (number: number) => checkpoint !== undefined && (number - savedAt >= saveEvery || number === steps)
  /** The next step, begun before this one has ended so that it is made ready meanwhile. */
  let ahead: ReturnType<typeof begin> | undefined
  while (state.step < steps && !exhausted(state, patience)) {
    throwIfAborted(signal)
    const current = ahead ?? begin(state.step)
    const next = state.step + 1
    // What is judged or saved are the weights of its step.
    ahead = next === steps || next % epochSteps === 0 || saves(next) ? undefined : begin(next)
    const { loss } = await current
    if (!Number.isFinite(loss)) {
      throw new KdError({
        kind: 'numeric',
        what: `the loss is ${loss} at step ${state.step + 1} of ${steps}`,
        fix: 'Lower the learningRate; the checkpoint, if there is one, is from before.',
      })
    }
    state.step++
    running = { sum: running.sum + loss, count: running.count + 1 }
    if (state.step % epochSteps === 0) {
      const entry = { step: state.step, loss: running.sum / running.count }
      running = { sum: 0, count: 0 }
      if (judge) await keepBest(step, parameters, entry, state, judge)
      state.history.push(entry)
    }
    const seconds = secondsSoFar()
    const perStep = (seconds - before) / (state.step - first)
    const latest = state.history.at(-1)?.validation
    onProgress?.({
      stage: 'train',
      name,
      done: state.step,
      total: steps,
      unit: 'steps',
      seconds,
      figures: {
        loss,
        epoch: state.step / epochSteps,
        'examples a second': updateSize / perStep,
        'seconds left': perStep * (steps - state.step),
        ...(latest === undefined ? {} : { validation: latest }),
      },
    })
    if (checkpoint && saves(state.step)) {
      state.trainStep = await step.state()
      state.seconds = secondsSoFar()
      state.running = running
      await saveCheckpoint(state, identity, checkpoint)
      savedAt = state.step
    }
  }
  return secondsSoFar()
}

async function keepBest(
  step: TrainStep,
  parameters: Parameters,
  entry: { step: number; validation?: number },
  state: TrainingState,
  judge: (weights: BertWeights) => Promise<number>,
): Promise<void> {
  await step.sync()
  const value = await judge(weightsOf(parameters))
  entry.validation = value
  if (state.best && value <= state.best.value) return
  state.best = { value, step: entry.step, weights: valuesOf(parameters) }
}

const exhausted = ({ history, best }: TrainingState, patience: number): boolean =>
  best !== undefined && history.filter(({ step }) => step > best.step).length >= patience

const at = <T>(items: readonly T[], indices: Int32Array): T[] => Array.from(indices, (index) => items[index]!)
