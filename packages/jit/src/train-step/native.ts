import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { dropoutInput, dropoutWords } from '../dropout.ts'
import type { Engine } from '../engines/engine.ts'
import { nextNative } from '../engines/native/compiled.ts'
import type { Held, RunRequest } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { HeldVariables } from '../held-variables.ts'
import { randomFeeds } from '../random-ops.ts'
import type { OnnxTensor } from '../tensor.ts'
import { see } from '../trace/refuse.ts'
import { type PreparedStep, type StatePart, type StepEngine, type StepState, stateParts, tableName, variableName } from './engine.ts'
import type { RowTable, TrainStepOptions } from './options.ts'
import { type StepTrace, stepSignature, traceStep } from './trace-step.ts'

/**
 * The step as one graph in the worker. Weights and slots live there, in two buffers that swap: a step reads one and
 * writes the other, so that nothing is overwritten while it may still be read, and a step that fails changes nothing.
 * Tables and their slots lie there as a whole; a step gathers the rows it needs and the worker puts them back.
 */
export class NativeStep implements StepEngine {
  readonly #options: TrainStepOptions
  readonly #engine: Engine
  readonly #id = nextNative()
  readonly #traces = new Map<string, StepTrace>()
  readonly #frozen = new HeldVariables()
  /** Offsets, in elements, of the variables and their slots in the swapping buffers. */
  readonly #offsets = new Map<string, number>()
  readonly #length: number
  /** The variables' data as the worker knows them. */
  readonly #known = new Map<tf.Variable, tf.DataId>()
  #runtime: Runtime | undefined
  #current = 0

  constructor(options: TrainStepOptions, engine: Engine) {
    this.#options = options
    this.#engine = engine
    let length = 0
    for (const { name, size, of } of stateParts(options)) {
      if (of === 'table') continue
      this.#offsets.set(name, length)
      // Each begins on a cache line of its own.
      length += Math.ceil(size / 16) * 16
    }
    this.#length = length
  }

  get traces(): number {
    return this.#traces.size
  }

  async run(step: PreparedStep): Promise<number> {
    const runtime = await this.#start()
    await this.#writeAssigned(runtime)
    const signature = stepSignature(step)
    let trace = this.#traces.get(signature)
    if (!trace) this.#traces.set(signature, (trace = await traceStep(this.#options, step, this.#engine)))
    const { compiled, dropouts, randoms, frozen } = trace
    const feeds: Record<string, OnnxTensor> = {
      ...randomFeeds(randoms, this.#options.seed, step.step),
      ids: { data: step.distinct.ids, shape: [step.distinct.ids.length] },
      positions: { data: step.distinct.positions, shape: step.idsShape },
      learningRate: { data: Float32Array.of(step.learningRate), shape: [] },
      step: { data: Float32Array.of(step.step), shape: [] },
    }
    for (const [name, tensor] of Object.entries(step.inputs)) feeds[`input ${name}`] = tensor
    dropouts.forEach((use, index) => {
      const { rows, columns } = dropoutWords(this.#options.seed, step.step, index, use)
      feeds[dropoutInput(index, 'rows')] = { data: rows, shape: [use.rows, 1] }
      feeds[dropoutInput(index, 'columns')] = { data: columns, shape: [1, use.columns] }
    })
    for (const name of Object.keys(feeds)) if (!compiled.uses(name)) delete feeds[name]
    const { loss } = await compiled.run({
      feeds,
      held: { ...this.#held(), ...(await this.#frozen.current(runtime, frozen)) },
      into: this.#into(),
      scatter: this.#scatter(step),
      returns: ['loss'],
    })
    this.#current = 1 - this.#current
    return loss!.data[0] as number
  }

  async sync(): Promise<void> {
    const state = await this.#read(({ slot }) => slot === undefined)
    this.#options.variables.forEach((variable, index) => {
      tf.tidy(() => variable.assign(tf.tensor(state[variableName(index)]!, variable.shape)))
      this.#known.set(variable, variable.dataId)
    })
    for (const { name, data } of this.#trained()) data.set(state[tableName(name)]!)
  }

  read(): Promise<Record<string, Float32Array>> {
    return this.#read(() => true)
  }

  async #read(wanted: (part: StatePart) => boolean): Promise<Record<string, Float32Array>> {
    const runtime = await this.#start()
    await this.#writeAssigned(runtime)
    const parts = stateParts(this.#options).filter(wanted)
    const tables = parts.flatMap(({ name, of }) => (of === 'table' ? [name] : []))
    const buffers = await runtime.request('read', { buffers: [this.#set(this.#current), ...tables.map((name) => this.#buffer(name))] })
    const flat = new Float32Array(buffers[this.#set(this.#current)]!.buffer)
    const state: Record<string, Float32Array> = {}
    for (const { name, size } of parts) {
      const offset = this.#offsets.get(name)
      state[name] = offset === undefined ? new Float32Array(buffers[this.#buffer(name)]!.buffer) : flat.slice(offset, offset + size)
    }
    return state
  }

  async write(state: StepState): Promise<void> {
    const runtime = await this.#engine.runtime()
    // The graphs of a dead worker are gone with it.
    if (runtime !== this.#runtime) this.#traces.clear()
    this.#runtime = runtime
    const flat = new Float32Array(this.#length)
    const buffers: Record<string, Float32Array | number> = { [this.#set(0)]: flat, [this.#set(1)]: flat.byteLength }
    for (const [name, values] of Object.entries(state)) {
      const offset = this.#offsets.get(name)
      if (offset === undefined) buffers[this.#buffer(name)] = values
      else flat.set(values, offset)
    }
    for (const { name, data, trainable } of this.#tables()) if (!trainable) buffers[this.#buffer(tableName(name))] = data
    await runtime.request('hold', { buffers }, 'hold the weights')
    this.#current = 0
    for (const variable of this.#options.variables) this.#known.set(variable, variable.dataId)
  }

  async dispose(): Promise<void> {
    const runtime = this.#runtime
    await this.#frozen.dispose()
    if (!runtime || runtime.death !== undefined) return
    const tables = this.#tables().flatMap(({ name, trainable }) => [
      tableName(name),
      ...(trainable ? this.#options.optimizer.slots.map((slot) => tableName(name, slot)) : []),
    ])
    await runtime.request('forget', { buffers: [this.#set(0), this.#set(1), ...tables.map((name) => this.#buffer(name))] })
    for (const { compiled } of this.#traces.values()) await compiled.dispose()
    this.#traces.clear()
  }

  /** The worker with the weights in it: the variables' own and empty slots at first. */
  async #start(): Promise<Runtime> {
    if (this.#runtime === undefined) {
      const state: Record<string, Float32Array> = {}
      for (const { name, size } of stateParts(this.#options)) state[name] = new Float32Array(size)
      this.#options.variables.forEach((variable, index) => {
        state[variableName(index)] = variable.dataSync() as Float32Array
      })
      for (const { name, data } of this.#trained()) state[tableName(name)] = data
      await this.write(state)
    }
    if (this.#runtime!.death !== undefined) {
      throw new KdError({
        kind: 'engine',
        what: `the worker that held the weights is gone (${this.#runtime!.death})`,
        fix: see('Go on from a saved state: restore(state).', 'steps'),
      })
    }
    return this.#runtime!
  }

  /** A variable that was assigned since goes over again. */
  async #writeAssigned(runtime: Runtime): Promise<void> {
    for (const [index, variable] of this.#options.variables.entries()) {
      if (this.#known.get(variable) === variable.dataId) continue
      this.#known.set(variable, variable.dataId)
      const offset = this.#offsets.get(variableName(index))!
      await runtime.request('write', { buffer: this.#set(this.#current), offset, data: variable.dataSync() as Float32Array })
    }
  }

  /** Where the graph finds weights and slots. */
  #held(): Record<string, Held> {
    const held: Record<string, Held> = {}
    const { slots } = this.#options.optimizer
    this.#options.variables.forEach((variable, index) => {
      held[`variable ${variable.id}`] = this.#part(this.#current, variableName(index), variable.shape)
      for (const slot of slots) held[variableName(index, slot)] = this.#part(this.#current, variableName(index, slot), variable.shape)
    })
    for (const { name, data, dimensions, trainable } of this.#tables()) {
      for (const slot of trainable ? [undefined, ...slots] : [undefined]) {
        const shape = [data.length / dimensions, dimensions]
        held[tableName(name, slot)] = { buffer: this.#buffer(tableName(name, slot)), type: 'float32', shape }
      }
    }
    return held
  }

  /** Where it leaves those of the variables. */
  #into(): Record<string, Held> {
    const into: Record<string, Held> = {}
    this.#options.variables.forEach(({ shape }, index) => {
      for (const slot of [undefined, ...this.#options.optimizer.slots]) {
        const name = variableName(index, slot)
        into[`${name} after`] = this.#part(1 - this.#current, name, shape)
      }
    })
    return into
  }

  /** Where the worker puts those of the rows. */
  #scatter({ distinct }: PreparedStep): RunRequest['scatter'] {
    const rows = distinct.ids.subarray(0, distinct.count)
    const scatter: Record<string, { buffer: string; rows: Int32Array }> = {}
    for (const { name } of this.#trained()) {
      for (const slot of [undefined, ...this.#options.optimizer.slots]) {
        scatter[`${tableName(name, slot)} after`] = { buffer: this.#buffer(tableName(name, slot)), rows }
      }
    }
    return scatter
  }

  #part(set: number, name: string, shape: readonly number[]): Held {
    return { buffer: this.#set(set), type: 'float32', shape, offset: this.#offsets.get(name)! }
  }

  #set(index: number): string {
    return this.#buffer(`weights ${index}`)
  }

  #buffer(name: string): string {
    return `step ${this.#id} ${name}`
  }

  #tables(): readonly RowTable[] {
    return this.#options.tables ?? []
  }

  #trained(): RowTable[] {
    return this.#tables().filter(({ trainable }) => trainable)
  }
}
