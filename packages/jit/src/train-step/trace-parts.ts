import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { checkRate, type DropoutUse, dropoutTraced, dropoutUse } from '../dropout.ts'
import type { RandomUse } from '../random-use.ts'
import { tensorOf, valueOfTensor } from '../trace/backend.ts'
import { type EmittedModel, emit } from '../trace/emit.ts'
import { freeSideModel, type TracedInput } from '../trace/free-side.ts'
import { type Graph, reachable, sameShape, type Value } from '../trace/graph.ts'
import { record } from '../trace/record.ts'
import type { Recording } from '../trace/recording.ts'
import { rewrite } from '../trace/rewrite.ts'
import { lossAndGradients, scaledRate } from './body.ts'
import { type PreparedStep, tableName, variableName } from './engine.ts'
import type { TrainStepOptions } from './options.ts'
import { refuseAssignments, typeOf } from './trace-step.ts'

/** The graph of a part's loss and gradients. */
export interface GradientModel {
  readonly model: EmittedModel
  /** By the number of distinct rows. */
  readonly dropouts: (rows: number) => readonly DropoutUse[]
  readonly randoms: readonly RandomUse[]
  readonly frozen: readonly tf.Variable[]
  /** Names of the parameters that the loss depends on. */
  readonly moved: ReadonlySet<string>
}

export const gradientOf = (name: string): string => `${name} gradient`

/** Numbers of distinct rows that are recorded and compared: primes, so that no size of a model is taken for one by chance. */
const someRows = [1009, 1013, 1019] as const

/**
 * Records the loss of a part and its gradients for any number of distinct rows.
 * @param weight of the part's loss in the batch's
 * @returns undefined where the graph of one number of rows is not that of another
 */
export function traceFreeGradients(options: TrainStepOptions, step: PreparedStep, weight: number): GradientModel | undefined {
  const traced = someRows.map((rows) => recordGradients(options, step, weight, rows))
  const [first, second] = traced as [RecordedGradients, RecordedGradients]
  const { recording, frozen, moved, randoms } = first
  if (randoms.length > 0 || traced.some(({ dropouts }) => dropouts.length !== first.dropouts.length)) return undefined
  const outputs = traced.map(({ recording, result }) => rewrite(recording.graph, result))
  const used = new Set(reachable(Object.values(outputs[0]!)).flatMap(({ inputs }) => inputs))
  const isFree = (side: number | undefined, ofSecond: number | undefined) => side === someRows[0] && ofSecond === someRows[1]
  // The first table tells the number of rows.
  const inputs: TracedInput[] = []
  for (const [at, input] of recording.graph.inputs.entries()) {
    if (!used.has(input)) continue
    const other = second.recording.graph.inputs[at]!.shape
    const free = isFree(input.shape[0], other[0])
    if (!free && !sameShape(input.shape, other)) return undefined
    inputs.push({ name: input.input!, dtype: input.type as 'float32', shape: free ? [null, ...input.shape.slice(1)] : input.shape })
  }
  const tracings = outputs.map((outputs) => ({ inputs, outputs, variables: new Map<string, tf.Variable>() }))
  try {
    const model = freeSideModel(tracings, someRows, { name: 'rows', portable: false })
    const dropouts = (rows: number) =>
      first.dropouts.map((use, at) => (isFree(use.rows, second.dropouts[at]!.rows) ? { ...use, rows } : use))
    return { model, dropouts, randoms, frozen, moved }
  } catch (error) {
    if (KdError.isInstance(error, 'engine')) return undefined
    throw error
  }
}

/** The same for the part's own number of distinct rows. */
export function traceGradients(options: TrainStepOptions, step: PreparedStep, weight: number): GradientModel {
  const { recording, result, dropouts, randoms, frozen, moved } = recordGradients(options, step, weight, step.distinct.ids.length)
  return { model: emit(recording.graph, result), dropouts: () => dropouts, randoms, frozen, moved }
}

interface RecordedGradients extends Pick<GradientModel, 'randoms' | 'frozen' | 'moved'> {
  readonly recording: Recording
  readonly result: Record<string, Value>
  readonly dropouts: readonly DropoutUse[]
}

/** The tables' rows are inputs under the tables' names, and come before all others; gradients are outputs. */
function recordGradients(options: TrainStepOptions, step: PreparedStep, weight: number, rowCount: number): RecordedGradients {
  const dropouts: DropoutUse[] = []
  const moved = new Set<string>()
  const { recording, result } = record(
    ({ graph }) => {
      const tables = options.tables ?? []
      const rows: Record<string, tf.Tensor2D> = {}
      for (const { name, dimensions } of tables) rows[name] = input(graph, tableName(name), [rowCount, dimensions]) as tf.Tensor2D
      const inputs: Record<string, tf.Tensor> = {}
      for (const [name, { data, shape }] of Object.entries(step.inputs)) {
        inputs[name] = tensorOf(graph.input(`input ${name}`, typeOf(data), shape))
      }
      const positions = tensorOf(graph.input('positions', 'int32', step.idsShape))
      const dropout = (x: tf.Tensor, rate: number) => {
        checkRate(rate)
        if (rate === 0) return x
        dropouts.push(dropoutUse(x.shape))
        return dropoutTraced(graph, x, rate, dropouts.length - 1)
      }
      const trained = tables.filter(({ trainable }) => trainable).map(({ name }) => name)
      const names = [...options.variables.map((_, index) => variableName(index)), ...trained.map((name) => tableName(name))]
      const values = [...options.variables, ...trained.map((name) => rows[name]!)]
      const { loss, gradients } = lossAndGradients({ options, values, batch: { inputs, rows, positions }, context: { dropout }, weight })
      const outputs: Record<string, Value> = { loss: valueOfTensor(loss) }
      gradients.forEach((gradient, index) => {
        if (!gradient) return
        moved.add(names[index]!)
        outputs[gradientOf(names[index]!)] = valueOfTensor(gradient)
      })
      return outputs
    },
    { seed: options.seed, step: step.step },
  )
  refuseAssignments(recording)
  const trained = new Set(options.variables)
  const frozen = [...recording.variables.keys()].filter((variable) => !trained.has(variable))
  return { recording, result, dropouts, randoms: recording.randoms, frozen, moved }
}

export interface UpdateParameter {
  readonly name: string
  readonly shape: readonly number[]
  readonly decay: number | undefined
  readonly rate: number | undefined
  /** Whether there is a gradient; if not, all stays as it is. */
  readonly moved: boolean
}

/**
 * Records the optimizer's update of some parameters. Inputs: each parameter, its slots and its gradient by name, and
 * `learningRate`, `step` and, where gradients are clipped, `factor`. Outputs by parameter: `after` and, for each slot, `SLOT after`.
 */
export function traceUpdate(
  { optimizer, clipNorm, seed }: TrainStepOptions,
  parameters: readonly UpdateParameter[],
): { graph: Graph; outputs: Record<string, Record<string, Value>> } {
  const body = ({ graph }: Recording) => {
    const [learningRate, step] = ['learningRate', 'step'].map((name) => input(graph, name, []) as tf.Scalar)
    const factor = clipNorm === undefined ? undefined : input(graph, 'factor', [])
    const outputs: Record<string, Record<string, Value>> = {}
    for (const { name, shape, decay, rate, moved } of parameters) {
      const parameter = input(graph, name, shape)
      const slots = optimizer.slots.map((slot) => input(graph, `${name} ${slot}`, shape))
      const outcome = (value: tf.Tensor, kept: readonly tf.Tensor[]) => {
        outputs[name] = { after: valueOfTensor(value) }
        optimizer.slots.forEach((slot, at) => {
          outputs[name]![`${slot} after`] = valueOfTensor(kept[at]!)
        })
      }
      if (!moved) {
        outcome(parameter, slots)
        continue
      }
      const found = input(graph, gradientOf(name), shape)
      const gradient = factor ? tf.mul(found, factor) : found
      const updated = optimizer.update({ parameter, gradient, slots, learningRate: scaledRate(learningRate!, rate), step: step!, decay })
      outcome(updated.parameter, updated.slots)
    }
    return outputs
  }
  const { recording, result } = record(body, { seed, step: 1 })
  return { graph: recording.graph, outputs: result }
}

const input = (graph: Graph, name: string, shape: readonly number[]): tf.Tensor => tensorOf(graph.input(name, 'float32', shape))
