import { createHash } from 'node:crypto'
import { type Dataset, KdError, type PlannedBatch, planEpoch, throwIfAborted } from '@kd/core'
import { type HistoryEntry, loadCheckpoint, saveCheckpoint, type TrainingIdentity, type TrainingState } from '@kd/core/node'
import { trainStep } from '@kd/jit'
import { Vocabulary } from '@kd/runtime'
import { createStudent, type Student, type StudentDescription, type StudentTraining } from '@kd/students'
import * as tf from '@tensorflow/tfjs-core'
import { evaluate } from '../evaluation/evaluate.ts'
import { type Settings, settle, type TrainOptions, usualDropout } from './options.ts'
import { scheduleFactor } from './schedule.ts'
import { encodeTrainingSet, labelsOf, logitsOf, requireLabels, type TrainingData, type TrainingSet, textsOf } from './training-set.ts'

export interface TrainResult {
  readonly student: Student
  /** Loss and validation metric at each evaluation. */
  readonly history: readonly HistoryEntry[]
  /** The step whose weights the student has: the best on validation data, else the last; 0 are those it went on from. */
  readonly bestStep: number
  readonly steps: number
  readonly seconds: number
}

/**
 * Trains a student on a transfer set (Tang et al. 2019, section 3.2) or, with gold labels alone, on a dataset.
 * Vocabulary and classes come from the data. The weights that are best on `validation` are kept.
 * @param from what to train; or a trained student: another one, of its weights and vocabulary, goes on from there, and keeps those
 * weights if none better are found
 * @throws KdError of kind `option`, `mismatch`, `data`; `numeric` when the loss is no longer a number; `aborted`
 */
export async function train(from: StudentDescription | Student, data: TrainingData, options: TrainOptions = {}): Promise<TrainResult> {
  if (data.length === 0) throw new KdError({ kind: 'data', what: 'there are no examples to train on' })
  const settings = settle(options, { examples: data.length, classes: labelsOf(data).length, hasLogits: logitsOf(data) !== undefined })
  const trained = 'weights' in from ? from : undefined
  const student = trained
    ? await copyOf(trained, labelsOf(data))
    : await createStudent(from as StudentDescription, {
        labels: labelsOf(data),
        vocabulary: Vocabulary.build(textsOf(data), { size: (from as StudentDescription).vocabularySize }),
        seed: settings.seed,
        dropout: usualDropout(settings.loss, from as StudentDescription),
      })
  try {
    const training = student.training()
    const examples = encodeTrainingSet(data, training, options.labelsForUnlabelled ?? 'teacher')
    if (settings.loss.needs.labels) requireLabels(examples, settings.loss.name)
    return await run(student, training, examples, settings, options, trained?.weights())
  } catch (error) {
    student.dispose()
    throw error
  }
}

/** Another student of the same description, vocabulary and weights. */
async function copyOf(trained: Student, labels: readonly string[]): Promise<Student> {
  if (labels.join('\n') !== trained.labels.join('\n')) {
    throw new KdError({
      kind: 'mismatch',
      what: `the student's labels are [${trained.labels.join(', ')}], those of the data [${labels.join(', ')}]`,
      fix: 'Train a new student, or give the data the labels that this one was trained for.',
    })
  }
  // Its word vectors come with the weights, not from where they once came.
  const description = { ...trained.description, vectors: undefined }
  const student = await createStudent(description, { labels, vocabulary: trained.vocabulary })
  student.setWeights(trained.weights())
  return student
}

async function run(
  student: Student,
  training: StudentTraining,
  examples: TrainingSet,
  settings: Settings,
  options: TrainOptions,
  first?: Readonly<Record<string, Float32Array>>,
): Promise<TrainResult> {
  const { steps, batchSize, evaluateEvery, patience, seed } = settings
  const { validation, checkpoint, signal } = options
  const step = trainStep({
    variables: training.variables,
    tables: training.tables,
    optimizer: settings.optimizer,
    clipNorm: settings.clipNorm,
    seed,
    // Each example weighs the same in whatever part of the batch it is.
    parallel: { loss: 'sum', axes: training.exampleAxes, anyOrder: true },
    loss: (batch, context) => weightedLoss(settings, training.logits(batch, context) as tf.Tensor2D, batch.inputs),
  })
  try {
    const identity = checkpoint && identityOf(student, examples, settings, first)
    const state: TrainingState = (checkpoint && identity && (await loadCheckpoint(identity, checkpoint))) ?? {
      step: 0,
      seconds: 0,
      trainStep: {},
      best: undefined,
      history: [],
    }
    if (state.step > 0) await step.restore(state.trainStep)
    else if (first && validation) state.best = { value: await scoreOf(student, validation), step: 0, weights: { ...first } }
    const started = performance.now() - 1000 * state.seconds
    const secondsSoFar = () => (performance.now() - started) / 1000
    const lengths = Int32Array.from({ length: examples.length }, (_, index) => training.bucket(examples.ids(index)))
    const epochSteps = Math.ceil(examples.length / batchSize)

    let plan: PlannedBatch[] = []
    let planned = -1
    let lossSum = 0
    let lossCount = 0
    let savedAt = state.step
    const begin = (number: number) => {
      const epoch = Math.floor(number / epochSteps)
      if (epoch !== planned) {
        plan = planEpoch(lengths, batchSize, seed, epoch)
        planned = epoch
      }
      const learningRate = settings.learningRate * scheduleFactor(settings.schedule, number, steps)
      const running = step.run(batchOf(training, examples, plan[number % epochSteps]!, batchSize), { learningRate })
      // It may be that nobody waits for it any more.
      running.catch(() => {})
      return running
    }
    /** The next step, begun before this one has ended so that it is made ready meanwhile. */
    let ahead: ReturnType<typeof begin> | undefined
    const ended = () => state.step >= steps || exhausted(state, patience)
    while (!ended()) {
      throwIfAborted(signal)
      const running = ahead ?? begin(state.step)
      const next = state.step + 1
      // An evaluation sees the weights of its step.
      ahead = next % evaluateEvery === 0 || next === steps ? undefined : begin(next)
      const { loss } = await running
      if (!Number.isFinite(loss)) {
        throw new KdError({
          kind: 'numeric',
          what: `the loss is ${loss} at step ${state.step + 1}`,
          fix: 'Lower the learningRate, or look for NaN in the logits or vectors.',
        })
      }
      state.step++
      lossSum += loss
      lossCount++
      if (state.step % evaluateEvery === 0 || state.step === steps) {
        const entry: HistoryEntry = { step: state.step, loss: lossSum / lossCount }
        lossSum = lossCount = 0
        if (validation) await keepBest(student, validation, step, entry, state)
        state.history.push(entry)
      }
      const latest = state.history.at(-1)
      options.onProgress?.({
        stage: 'train',
        name: options.name,
        done: state.step,
        total: steps,
        unit: 'steps',
        seconds: secondsSoFar(),
        figures: { loss, ...(latest?.validation === undefined ? {} : { validation: latest.validation }) },
      })
      // Checkpoints stand at evaluations, so that running means need not be saved, and at the end, so that it isn't trained again.
      if (checkpoint && identity && lossCount === 0 && (ended() || state.step - savedAt >= (checkpoint.every ?? 500))) {
        state.trainStep = await step.state()
        state.seconds = secondsSoFar()
        await saveCheckpoint(state, identity, checkpoint)
        savedAt = state.step
      }
    }
    if (state.best) student.setWeights(state.best.weights)
    else await step.sync()
    return { student, history: state.history, bestStep: state.best?.step ?? state.step, steps: state.step, seconds: secondsSoFar() }
  } finally {
    await step.dispose()
  }
}

/** Mean over the batch's real examples: padding rows weigh nothing. */
function weightedLoss({ loss }: Settings, logits: tf.Tensor2D, inputs: Record<string, tf.Tensor>): tf.Scalar {
  const perExample = loss.perExample(logits, { logits: inputs.targetLogits as tf.Tensor2D, labels: inputs.targetLabels as tf.Tensor1D })
  return tf.sum(tf.mul(perExample, inputs.targetWeights as tf.Tensor1D))
}

/** The student's inputs for a batch with its targets: always `size` rows, so that one traced step serves all batches of a length. */
function batchOf(training: StudentTraining, examples: TrainingSet, planned: PlannedBatch, size: number) {
  const { classes, logits, labels } = examples
  const texts = Array.from(planned.examples, (index) => examples.ids(index))
  const batch = training.batch(texts, size)
  const targetLogits = new Float32Array(size * classes)
  // Scores of a task with one label, else classes.
  const targetLabels = classes === 1 ? new Float32Array(size) : new Int32Array(size)
  const targetWeights = new Float32Array(size)
  planned.examples.forEach((index, row) => {
    if (logits) targetLogits.set(logits.subarray(index * classes, (index + 1) * classes), row * classes)
    targetLabels[row] = labels[index] || 0
    targetWeights[row] = 1 / texts.length
  })
  return {
    ids: batch.ids,
    inputs: {
      ...batch.inputs,
      targetLogits: { data: targetLogits, shape: [size, classes] },
      targetLabels: { data: targetLabels, shape: [size] },
      targetWeights: { data: targetWeights, shape: [size] },
    },
  }
}

async function keepBest(
  student: Student,
  validation: Dataset,
  step: { sync(): Promise<void> },
  entry: HistoryEntry,
  state: TrainingState,
): Promise<void> {
  await step.sync()
  const value = await scoreOf(student, validation)
  entry.validation = value
  if (state.best && value <= state.best.value) return
  state.best = {
    value,
    step: entry.step,
    weights: Object.fromEntries(Object.entries(student.weights()).map(([name, data]) => [name, data.slice()])),
  }
}

/** The mean of the task's metrics, as GLUE scores a task of two. */
async function scoreOf(student: Student, validation: Dataset): Promise<number> {
  const { metrics } = await evaluate(student, validation)
  return validation.task.metrics.reduce((sum, name) => sum + metrics[name]!, 0) / validation.task.metrics.length
}

function exhausted({ history, best }: TrainingState, patience: number): boolean {
  return best !== undefined && history.filter(({ step }) => step > best.step).length >= patience
}

function identityOf(
  student: Student,
  examples: TrainingSet,
  { loss, optimizer, ...numbers }: Settings,
  first: Readonly<Record<string, Float32Array>> | undefined,
): TrainingIdentity {
  const { classes, labels } = examples
  const digest = createHash('sha256')
  digest.update(classes === 1 ? labels : Int32Array.from(labels, (label) => (Number.isNaN(label) ? -1 : label)))
  if (examples.logits) digest.update(examples.logits)
  for (let index = 0; index < examples.length; index++) digest.update(examples.ids(index))
  for (const weights of Object.values(first ?? {})) digest.update(weights)
  const { vectors, ...description } = student.description as StudentDescription & { vectors?: { name: string } }
  return {
    ...numbers,
    loss: loss.name,
    optimizer: optimizer.name,
    student: JSON.stringify({ ...description, vectors: vectors?.name }),
    data: digest.digest('hex'),
  }
}
