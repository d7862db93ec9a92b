import * as tf from '@tensorflow/tfjs-core'
import { checkRate, type DropoutUse, dropoutTraced, dropoutUse } from '../dropout.ts'
import type { RandomUse } from '../random-use.ts'
import { tensorOf, valueOfTensor } from '../trace/backend.ts'
import { type EmittedModel, emit } from '../trace/emit.ts'
import type { Graph, Value } from '../trace/graph.ts'
import { record } from '../trace/record.ts'
import type { Recording } from '../trace/recording.ts'
import { lossAndGradients, scaledRate } from './body.ts'
import { type PreparedStep, tableName, variableName } from './engine.ts'
import type { TrainStepOptions } from './options.ts'
import { refuseAssignments, typeOf } from './trace-step.ts'

/** The graph of a part's loss and gradients. */
export interface GradientModel {
  readonly model: EmittedModel
  readonly dropouts: readonly DropoutUse[]
  readonly randoms: readonly RandomUse[]
  readonly frozen: readonly tf.Variable[]
  /** Names of the parameters that the loss depends on. */
  readonly moved: ReadonlySet<string>
}

export const gradientOf = (name: string): string => `${name} gradient`

/**
 * Records the loss of a part and its gradients. The tables' rows are inputs under the tables' names, gradients are outputs.
 * @param weight of the part's loss in the batch's
 */
export function traceGradients(options: TrainStepOptions, step: PreparedStep, weight: number): GradientModel {
  const dropouts: DropoutUse[] = []
  const moved = new Set<string>()
  const { recording, result } = record(
    ({ graph }) => {
      const tables = options.tables ?? []
      const rows: Record<string, tf.Tensor2D> = {}
      for (const { name, dimensions } of tables) {
        rows[name] = input(graph, tableName(name), [step.distinct.ids.length, dimensions]) as tf.Tensor2D
      }
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
  return { model: emit(recording.graph, result), dropouts, randoms: recording.randoms, frozen, moved }
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
