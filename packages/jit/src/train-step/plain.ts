import * as tf from '@tensorflow/tfjs-core'
import { checkRate, dropoutNow, dropoutUse, dropoutWords } from '../dropout.ts'
import { drawing } from '../random-ops.ts'
import type { OnnxTensor } from '../tensor.ts'
import { type Parameter, stepBody, type Updated } from './body.ts'
import { type PreparedStep, type StepEngine, type StepState, stateParts, tableName, variableName } from './engine.ts'
import type { RowTable, TrainStepOptions } from './options.ts'

/** The same step by TensorFlow.js itself. Weights live in the variables and tables, so that there is nothing to sync. */
export class PlainStep implements StepEngine {
  readonly traces = 0
  readonly #options: TrainStepOptions
  /** The optimizer's slots, by the names of the state. */
  readonly #slots = new Map<string, Float32Array>()

  constructor(options: TrainStepOptions) {
    this.#options = options
    for (const { name, size, slot } of stateParts(options)) if (slot) this.#slots.set(name, new Float32Array(size))
  }

  async run({ inputs, distinct, idsShape, learningRate, step }: PreparedStep): Promise<number> {
    const options = this.#options
    const ids = distinct.ids
    return tf.tidy(() => {
      const rows: Record<string, tf.Tensor2D> = {}
      const parameters: Parameter[] = options.variables.map((variable, index) => ({
        name: variableName(index),
        value: variable,
        slots: options.optimizer.slots.map((slot) => tf.tensor(this.#slots.get(variableName(index, slot))!, variable.shape)),
        decay: options.decay?.(variable),
        rate: options.rate?.(variable),
      }))
      for (const table of this.#tables()) {
        const { name, data, dimensions, trainable } = table
        rows[name] = tf.tensor2d(gather(data, dimensions, ids), [ids.length, dimensions])
        if (!trainable) continue
        const slots = options.optimizer.slots.map((slot) =>
          tf.tensor2d(gather(this.#slots.get(tableName(name, slot))!, dimensions, ids), [ids.length, dimensions]),
        )
        parameters.push({ name: tableName(name), value: rows[name]!, slots, decay: undefined, rate: options.rate?.(table) })
      }
      let uses = 0
      const dropout = (x: tf.Tensor, rate: number) => {
        checkRate(rate)
        if (rate === 0) return x
        return dropoutNow(x, rate, dropoutWords(options.seed, step, uses++, dropoutUse(x.shape)))
      }
      const body = {
        options,
        parameters,
        batch: {
          inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)])),
          rows,
          positions: tf.tensor(distinct.positions, [...idsShape], 'int32'),
        },
        context: { dropout },
        learningRate: tf.scalar(learningRate),
        step: tf.scalar(step),
      }
      const { loss, updated } = drawing(options.seed, step, () => stepBody(body))
      const value = loss.dataSync()[0]!
      // Everything is read before anything is changed.
      const results = updated.map((one) => one && { parameter: one.parameter.dataSync() as Float32Array, ...this.#slotValues(one) })
      parameters.forEach(({ name }, index) => {
        const result = results[index]
        if (!result) return
        const table = this.#tables().find((candidate) => tableName(candidate.name) === name)
        if (!table) options.variables[index]!.assign(updated[index]!.parameter as tf.Tensor)
        const targets = [table?.data, ...options.optimizer.slots.map((slot) => this.#slots.get(`${name} ${slot}`)!)]
        const sources = [result.parameter, ...result.slots]
        targets.forEach((target, at) => {
          if (target && table) scatter(target, table.dimensions, ids.subarray(0, distinct.count), sources[at]!)
          else target?.set(sources[at]!)
        })
      })
      return value
    })
  }

  async sync(): Promise<void> {}

  async read(): Promise<Record<string, Float32Array>> {
    const state: Record<string, Float32Array> = {}
    for (const { name } of stateParts(this.#options)) {
      const slot = this.#slots.get(name)
      if (slot) state[name] = slot.slice()
    }
    this.#options.variables.forEach((variable, index) => {
      state[variableName(index)] = Float32Array.from(variable.dataSync())
    })
    for (const { name, data, trainable } of this.#tables()) if (trainable) state[tableName(name)] = data.slice()
    return state
  }

  async write(state: StepState): Promise<void> {
    for (const [name, slot] of this.#slots) slot.set(state[name]!)
    this.#options.variables.forEach((variable, index) => {
      tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(state[variableName(index)]!), variable.shape)))
    })
    for (const { name, data, trainable } of this.#tables()) if (trainable) data.set(state[tableName(name)]!)
  }

  async dispose(): Promise<void> {
    this.#slots.clear()
  }

  #slotValues({ slots }: Updated): { slots: Float32Array[] } {
    return { slots: slots.map((slot) => slot.dataSync() as Float32Array) }
  }

  #tables(): readonly RowTable[] {
    return this.#options.tables ?? []
  }
}

function tensorOf({ data, shape }: OnnxTensor): tf.Tensor {
  const dtype = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
  return tf.tensor(data as Float32Array, [...shape], dtype)
}

function gather(table: Float32Array, dimensions: number, ids: Int32Array): Float32Array {
  const rows = new Float32Array(ids.length * dimensions)
  ids.forEach((id, row) => {
    rows.set(table.subarray(id * dimensions, (id + 1) * dimensions), row * dimensions)
  })
  return rows
}

function scatter(table: Float32Array, dimensions: number, ids: Int32Array, rows: Float32Array): void {
  ids.forEach((id, row) => {
    table.set(rows.subarray(row * dimensions, (row + 1) * dimensions), id * dimensions)
  })
}
