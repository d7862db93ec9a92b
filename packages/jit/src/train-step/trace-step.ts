import { KdError } from '@kd/core'
import type * as tf from '@tensorflow/tfjs-core'
import { checkRate, type DropoutUse, dropoutTraced, dropoutUse } from '../dropout.ts'
import type { Engine } from '../engines/engine.ts'
import { Compiled } from '../engines/native/compiled.ts'
import type { RandomUse } from '../random-use.ts'
import type { OnnxTensor } from '../tensor.ts'
import { tensorOf, valueOfTensor } from '../trace/backend.ts'
import { emit } from '../trace/emit.ts'
import type { Graph, Value } from '../trace/graph.ts'
import { record } from '../trace/record.ts'
import type { Recording } from '../trace/recording.ts'
import { see } from '../trace/refuse.ts'
import { type Parameter, stepBody } from './body.ts'
import { type PreparedStep, tableName, variableName } from './engine.ts'
import type { RowTable, TrainStepOptions } from './options.ts'

/** One signature's graph. */
export interface StepTrace {
  readonly compiled: Compiled
  /** The uses of dropout in the loss: each step feeds words for them. */
  readonly dropouts: readonly DropoutUse[]
  /** The uses of TensorFlow.js's own random functions. */
  readonly randoms: readonly RandomUse[]
  /** Variables that the loss reads and the step does not update. */
  readonly frozen: readonly tf.Variable[]
}

/** Types and shapes of all that a step is fed: equal ones share a graph. */
export function stepSignature({ inputs, distinct, idsShape }: PreparedStep): string {
  const names = Object.keys(inputs).sort()
  return `${distinct.ids.length} [${idsShape}] ${names.map((name) => `${name} ${typeOf(inputs[name]!.data)}[${inputs[name]!.shape}]`).join()}`
}

/**
 * Records a step for the signature of `step`. The graph's inputs and outputs carry the names of the state, outputs
 * with ` after` behind.
 */
export async function traceStep(options: TrainStepOptions, step: PreparedStep, engine: Engine): Promise<StepTrace> {
  const dropouts: DropoutUse[] = []
  const random = { seed: options.seed, step: step.step }
  const { recording, result } = record(({ graph }) => {
    const symbol = (name: string, tensor: { data: OnnxTensor['data']; shape: readonly number[] }) =>
      tensorOf(graph.input(name, typeOf(tensor.data), tensor.shape))
    const scalar = (name: string) => tensorOf(graph.input(name, 'float32', [])) as tf.Scalar
    const ids = graph.input('ids', 'int32', [step.distinct.ids.length])
    const parameters: Parameter[] = options.variables.map((variable, index) => ({
      name: variableName(index),
      value: variable,
      slots: options.optimizer.slots.map((slot) => tensorOf(graph.input(variableName(index, slot), 'float32', variable.shape))),
      decay: options.decay?.(variable),
      rate: options.rate?.(variable),
    }))
    const rows: Record<string, tf.Tensor2D> = {}
    for (const table of options.tables ?? []) {
      rows[table.name] = tensorOf(gathered(graph, table, ids)) as tf.Tensor2D
      if (!table.trainable) continue
      const slots = options.optimizer.slots.map((slot) => tensorOf(gathered(graph, table, ids, slot)))
      parameters.push({ name: tableName(table.name), value: rows[table.name]!, slots, decay: undefined, rate: options.rate?.(table) })
    }
    const inputs = Object.fromEntries(Object.entries(step.inputs).map(([name, tensor]) => [name, symbol(`input ${name}`, tensor)]))
    const positions = symbol('positions', { data: step.distinct.positions, shape: step.idsShape })
    const dropout = (x: tf.Tensor, rate: number) => {
      checkRate(rate)
      if (rate === 0) return x
      dropouts.push(dropoutUse(x.shape))
      return dropoutTraced(graph, x, rate, dropouts.length - 1)
    }
    const { loss, updated } = stepBody({
      options,
      parameters,
      batch: { inputs, rows, positions },
      context: { dropout },
      learningRate: scalar('learningRate'),
      step: scalar('step'),
    })
    const outputs: Record<string, Value> = { loss: valueOfTensor(loss) }
    parameters.forEach((before, index) => {
      const after = updated[index] ?? { parameter: before.value, slots: before.slots }
      outputs[`${before.name} after`] = valueOfTensor(after.parameter)
      options.optimizer.slots.forEach((slot, at) => {
        outputs[`${before.name} ${slot} after`] = valueOfTensor(after.slots[at]!)
      })
    })
    return outputs
  }, random)
  refuseAssignments(recording)
  const trained = new Set(options.variables)
  const compiled = await Compiled.load(engine, emit(recording.graph, result))
  const frozen = [...recording.variables.keys()].filter((variable) => !trained.has(variable))
  return { compiled, dropouts, randoms: recording.randoms, frozen }
}

/** @throws KdError of kind `engine` if a recorded loss assigns variables */
export function refuseAssignments({ variables }: Recording): void {
  for (const { variable, output } of variables.values()) {
    if (output) {
      throw new KdError({
        kind: 'engine',
        what: `the loss assigns the variable ${variable.name}`,
        fix: see('A training step updates variables by its optimizer only: assign outside of the loss.', 'steps'),
      })
    }
  }
}

function gathered(graph: Graph, { name, data, dimensions }: RowTable, ids: Value, slot?: string): Value {
  const table = graph.input(tableName(name, slot), 'float32', [data.length / dimensions, dimensions])
  return graph.op('Gather', [table, ids], 'float32', [ids.shape[0]!, dimensions], { attributes: { axis: 0 } })
}

export function typeOf(data: OnnxTensor['data']): 'float32' | 'int32' | 'bool' {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Uint8Array) return 'bool'
  throw new KdError({ kind: 'option', what: 'an input of a step is float32, int32 or bool (Uint8Array)', where: { option: 'inputs' } })
}
