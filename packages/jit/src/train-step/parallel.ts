import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { dropoutInput, dropoutWords } from '../dropout.ts'
import type { Engine } from '../engines/engine.ts'
import { Compiled, nextNative } from '../engines/native/compiled.ts'
import type { Copy, Gather, Held } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { HeldVariables } from '../held-variables.ts'
import { randomFeeds } from '../random-ops.ts'
import type { OnnxTensor } from '../tensor.ts'
import { distinctBucket } from './distinct.ts'
import { type PreparedStep, type StepEngine, type StepState, tableName, variableName } from './engine.ts'
import { Layout } from './layout.ts'
import type { DataParallel, RowTable, TrainStepOptions } from './options.ts'
import { Divider, pad, partCount, type UnionOfRows } from './parts.ts'
import { type GradientModel, gradientOf, traceGradients, traceUpdate, type UpdateParameter } from './trace-parts.ts'
import { stepSignature } from './trace-step.ts'

/** A model that each worker has loaded. */
interface Loaded<M> {
  readonly model: M
  readonly compiled: readonly Compiled[]
}

/**
 * The step shared by workers of one thread each. A worker computes the gradients of its part of the batch; then each
 * adds up those of all parts, in their order, for the parameters that it owns, and updates these. Weights and tables lie
 * in memory that all see, slots of variables with their owner. New values go beside the old ones and count once all
 * workers are done, so that a step that fails changes nothing.
 */
export class ParallelStep implements StepEngine {
  readonly #options: TrainStepOptions
  readonly #parallel: DataParallel
  readonly #engine: Engine
  readonly #id = nextNative()
  readonly #layout: Layout
  readonly #divider: Divider
  readonly #gradients = new Map<string, Loaded<GradientModel>>()
  readonly #updates = new Map<string, Promise<Compiled>>()
  readonly #frozen: readonly HeldVariables[]
  /** The variables' data as the shared memory has them. */
  readonly #known = new Map<tf.Variable, tf.DataId>()
  #memory: Record<string, SharedArrayBuffer> = {}
  #runtimes: readonly Runtime[] | undefined
  /** How many distinct rows there is room for. */
  #room = 0
  #current = 0

  constructor(options: TrainStepOptions, parallel: DataParallel, engine: Engine, workers: number) {
    this.#options = options
    this.#parallel = parallel
    this.#engine = engine
    this.#layout = new Layout(options, workers)
    const [table] = options.tables ?? []
    this.#divider = new Divider(parallel, table && table.data.length / table.dimensions)
    this.#frozen = this.#layout.owned.map(() => new HeldVariables())
  }

  get traces(): number {
    return this.#gradients.size
  }

  async run(step: PreparedStep): Promise<number> {
    const runtimes = await this.#start()
    this.#writeAssigned()
    const count = partCount(step, this.#parallel, runtimes.length)
    const { steps, rows } = this.#divider.divide(step, count)
    const gradients = await this.#gradientsOf(steps[0]!, count, runtimes)
    await this.#reserve(Math.max(steps[0]!.distinct.ids.length, distinctBucket(rows.ids.length)), runtimes)
    const losses = await all(steps.map((part, index) => this.#runPart(part, index, gradients, runtimes)))
    const found = await all(runtimes.map((runtime, worker) => this.#combine(runtime, worker, rows, gradients.model)))
    const factor = this.#factor(found.reduce((sum, { squares }) => sum + squares, 0))
    await all(runtimes.map((runtime, worker) => this.#update(runtime, worker, step, factor, rows, gradients.model)))
    await this.#commit(runtimes, rows, gradients.model)
    this.#current = 1 - this.#current
    return losses.reduce((sum, loss) => sum + loss, 0)
  }

  async sync(): Promise<void> {
    await this.#start()
    this.#writeAssigned()
    this.#options.variables.forEach((variable, index) => {
      tf.tidy(() => variable.assign(tf.tensor(this.#variable(index).slice(), variable.shape)))
      this.#known.set(variable, variable.dataId)
    })
    for (const { name, data } of this.#trained()) data.set(this.#values(tableName(name)))
  }

  async read(): Promise<Record<string, Float32Array>> {
    const runtimes = await this.#start()
    this.#writeAssigned()
    const slots = await all(
      runtimes.map((runtime) => runtime.request('read', { buffers: [this.#buffer(`slots ${this.#current}`)] }, 'read the slots')),
    )
    const state: Record<string, Float32Array> = {}
    this.#options.variables.forEach((_, index) => {
      state[variableName(index)] = this.#variable(index).slice()
    })
    for (const [worker, { variables, from, length }] of this.#layout.owned.entries()) {
      const all = new Float32Array(slots[worker]![this.#buffer(`slots ${this.#current}`)]!.buffer)
      for (const index of variables) {
        this.#options.optimizer.slots.forEach((slot, at) => {
          const begin = at * length + this.#layout.offsets[index]! - from
          state[variableName(index, slot)] = all.slice(begin, begin + this.#options.variables[index]!.size)
        })
      }
    }
    for (const { name } of this.#trained()) {
      for (const slot of [undefined, ...this.#options.optimizer.slots]) {
        state[tableName(name, slot)] = this.#values(tableName(name, slot)).slice()
      }
    }
    return state
  }

  async write(state: StepState): Promise<void> {
    const workers = this.#layout.owned.length
    const main = await this.#engine.runtime()
    const runtimes = (await main.team?.(workers)) ?? [main]
    // The graphs of dead workers are gone with them.
    if (this.#runtimes && runtimes.some((runtime, index) => runtime !== this.#runtimes![index])) {
      this.#gradients.clear()
      this.#updates.clear()
    }
    const { length, owned, offsets } = this.#layout
    const { slots } = this.#options.optimizer
    this.#memory = {}
    for (const name of ['values 0', 'values 1', ...owned.map((_, part) => `gradient ${part}`)]) this.#share(name, length)
    for (const { name, data, trainable } of this.#tables()) {
      for (const slot of trainable ? [undefined, ...slots] : [undefined]) {
        this.#share(tableName(name, slot), data.length).set(trainable ? state[tableName(name, slot)]! : data)
      }
    }
    this.#current = 0
    const values = this.#values('values 0')
    this.#options.variables.forEach((variable, index) => {
      values.set(state[variableName(index)]!, offsets[index]!)
      this.#known.set(variable, variable.dataId)
    })
    await all(
      runtimes.map(async (runtime, worker) => {
        const { variables, from, length: own } = owned[worker]!
        const first = new Float32Array(own * slots.length)
        for (const index of variables) {
          slots.forEach((slot, at) => {
            first.set(state[variableName(index, slot)]!, at * own + offsets[index]! - from)
          })
        }
        const buffers = {
          values: length * 4,
          gradient: length * 4,
          sum: own * 4,
          after: own * 4,
          'slots 0': first,
          'slots 1': first.byteLength,
        }
        await runtime.request('hold', { buffers: this.#named(buffers) }, 'hold the weights')
        await runtime.request('share', { memory: this.#named(this.#memory) }, 'share the weights')
      }),
    )
    this.#room = 0
    this.#runtimes = runtimes
  }

  async dispose(): Promise<void> {
    for (const held of this.#frozen) await held.dispose()
    for (const runtime of this.#runtimes ?? []) {
      if (runtime.death !== undefined) continue
      const buffers = ['values', 'gradient', 'sum', 'after', 'slots 0', 'slots 1', ...this.#rowBuffers()]
      await runtime.request('forget', { buffers: buffers.map((name) => this.#buffer(name)) })
      await runtime.request('unshare', { memory: Object.keys(this.#memory).map((name) => this.#buffer(name)) })
    }
    for (const { compiled } of this.#gradients.values()) for (const one of compiled) await one.dispose()
    for (const compiled of this.#updates.values()) await (await compiled).dispose()
    this.#gradients.clear()
    this.#updates.clear()
  }

  /** The workers with the weights in them: the variables' own and empty slots at first. */
  async #start(): Promise<readonly Runtime[]> {
    if (!this.#runtimes) {
      const { variables, optimizer } = this.#options
      const state: Record<string, Float32Array> = {}
      variables.forEach((variable, index) => {
        state[variableName(index)] = variable.dataSync() as Float32Array
        for (const slot of optimizer.slots) state[variableName(index, slot)] = new Float32Array(variable.size)
      })
      for (const { name, data } of this.#trained()) {
        state[tableName(name)] = data
        for (const slot of optimizer.slots) state[tableName(name, slot)] = new Float32Array(data.length)
      }
      await this.write(state)
    }
    const dead = this.#runtimes!.find(({ death }) => death !== undefined)
    if (!dead) return this.#runtimes!
    throw new KdError({
      kind: 'engine',
      what: `a worker that held the weights is gone (${dead.death})`,
      fix: 'Go on from a saved state: restore(state).',
    })
  }

  /** A variable that was assigned since goes over again. */
  #writeAssigned(): void {
    for (const [index, variable] of this.#options.variables.entries()) {
      if (this.#known.get(variable) === variable.dataId) continue
      this.#known.set(variable, variable.dataId)
      this.#variable(index).set(variable.dataSync() as Float32Array)
    }
  }

  async #gradientsOf(part: PreparedStep, count: number, runtimes: readonly Runtime[]): Promise<Loaded<GradientModel>> {
    const signature = `${count} ${stepSignature(part)}`
    let loaded = this.#gradients.get(signature)
    if (!loaded) {
      const model = traceGradients(this.#options, part, this.#parallel.loss === 'mean' ? 1 / count : 1)
      const compiled = await all(runtimes.slice(0, count).map((runtime) => Compiled.loadOn(runtime, model.model, 1)))
      this.#gradients.set(signature, (loaded = { model, compiled }))
    }
    return loaded
  }

  /** Makes room for the rows of a part, and for those that a worker updates. */
  async #reserve(rows: number, runtimes: readonly Runtime[]): Promise<void> {
    if (rows <= this.#room || this.#trained().length === 0) return
    const memory: Record<string, SharedArrayBuffer> = {}
    for (const { name, dimensions } of this.#trained()) {
      runtimes.forEach((_, part) => {
        const key = `${name} gradient ${part}`
        this.#share(key, rows * dimensions)
        memory[key] = this.#memory[key]!
      })
    }
    const buffers: Record<string, number> = {}
    for (const { name, dimensions } of this.#trained()) {
      for (const buffer of this.#rowBuffersOf(name)) buffers[buffer] = rows * dimensions * 4
    }
    await all(
      runtimes.map(async (runtime) => {
        await runtime.request('hold', { buffers: this.#named(buffers) }, 'make room for rows')
        await runtime.request('share', { memory: this.#named(memory) }, 'make room for rows')
      }),
    )
    this.#room = rows
  }

  async #runPart(part: PreparedStep, index: number, { model, compiled }: Loaded<GradientModel>, runtimes: readonly Runtime[]) {
    const one = compiled[index]!
    const { seed, variables } = this.#options
    // Parts draw random numbers of their own.
    const drawn = index === 0 ? seed : (seed + index * 0x1_0000_0000) % Number.MAX_SAFE_INTEGER
    const feeds: Record<string, OnnxTensor> = {
      ...randomFeeds(model.randoms, drawn, part.step),
      positions: { data: part.distinct.positions, shape: part.idsShape },
    }
    for (const [name, tensor] of Object.entries(part.inputs)) feeds[`input ${name}`] = tensor
    model.dropouts.forEach((use, at) => {
      const { rows, columns } = dropoutWords(drawn, part.step, at, use)
      feeds[dropoutInput(at, 'rows')] = { data: rows, shape: [use.rows, 1] }
      feeds[dropoutInput(at, 'columns')] = { data: columns, shape: [1, use.columns] }
    })
    for (const name of Object.keys(feeds)) if (!one.uses(name)) delete feeds[name]
    const held: Record<string, Held> = await this.#frozen[index]!.current(runtimes[index]!, model.frozen)
    const into: Record<string, Held> = {}
    variables.forEach(({ id, shape }, at) => {
      const offset = this.#layout.offsets[at]!
      held[`variable ${id}`] = this.#held('values', shape, offset)
      if (model.moved.has(variableName(at))) into[gradientOf(variableName(at))] = this.#held('gradient', shape, offset)
    })
    const gather: Record<string, Gather> = {}
    const publish: Copy[] = this.#layout.owned.flatMap(({ from, length }, worker) =>
      worker === index || length === 0
        ? []
        : [{ buffer: this.#buffer('gradient'), shared: this.#buffer(`gradient ${index}`), offset: from, length }],
    )
    for (const { name, dimensions } of this.#tables()) {
      const table = tableName(name)
      gather[table] = { shared: this.#buffer(table), rows: part.distinct.ids, columns: dimensions }
      if (!model.moved.has(table)) continue
      const shape = [part.distinct.ids.length, dimensions]
      into[gradientOf(table)] = this.#held(`${name} gradient`, shape)
      publish.push({
        buffer: this.#buffer(`${name} gradient`),
        shared: this.#buffer(`${name} gradient ${index}`),
        offset: 0,
        length: part.distinct.count * dimensions,
      })
    }
    const { loss } = await one.run({ feeds, held, into, gather, pull: this.#pull(), publish, returns: ['loss'] })
    return loss!.data[0] as number
  }

  #combine(runtime: Runtime, worker: number, rows: UnionOfRows, { moved }: GradientModel) {
    const parts = rows.places.length
    const { variables, from, length } = this.#layout.owned[worker]!
    const values = variables.some((index) => moved.has(variableName(index)))
      ? [
          {
            parts: Array.from({ length: parts }, (_, part) =>
              part === worker
                ? { buffer: this.#buffer('gradient'), offset: from }
                : { shared: this.#buffer(`gradient ${part}`), offset: from },
            ),
            length,
            into: this.#buffer('sum'),
          },
        ]
      : []
    const [begin, end] = this.#ownRows(rows, worker)
    const sums = this.#trained()
      .filter(({ name }) => moved.has(tableName(name)) && end > begin)
      .map(({ name, dimensions }) => ({
        parts: rows.places.map((places, part) => ({
          shared: this.#buffer(`${name} gradient ${part}`),
          rows: places.slice(begin, end),
        })),
        columns: dimensions,
        count: end - begin,
        padded: distinctBucket(end - begin),
        into: this.#buffer(`${name} sum`),
      }))
    return runtime.request('combine', { values, rows: sums }, 'add up the gradients')
  }

  /** As PyTorch's clip_grad_norm_: clipNorm / (norm + 1e-6), at most 1. */
  #factor(squares: number): number {
    const { clipNorm } = this.#options
    return clipNorm === undefined ? 1 : Math.min(clipNorm / (Math.sqrt(squares) + 1e-6), 1)
  }

  async #update(runtime: Runtime, worker: number, step: PreparedStep, factor: number, rows: UnionOfRows, model: GradientModel) {
    const { variables, from, length } = this.#layout.owned[worker]!
    const { slots } = this.#options.optimizer
    const [begin, end] = this.#ownRows(rows, worker)
    const padded = distinctBucket(end - begin)
    const parameters: UpdateParameter[] = []
    const held: Record<string, Held> = {}
    const into: Record<string, Held> = {}
    const gather: Record<string, Gather> = {}
    for (const index of variables) {
      const name = variableName(index)
      const variable = this.#options.variables[index]!
      const { shape } = variable
      const moved = model.moved.has(name)
      parameters.push({ name, shape, decay: this.#options.decay?.(variable), rate: this.#options.rate?.(variable), moved })
      const offset = this.#layout.offsets[index]!
      held[name] = this.#held('values', shape, offset)
      if (moved) held[gradientOf(name)] = this.#held('sum', shape, offset - from)
      into[`${name} after`] = this.#held('after', shape, offset - from)
      slots.forEach((slot, at) => {
        held[`${name} ${slot}`] = this.#held(`slots ${this.#current}`, shape, at * length + offset - from)
        into[`${name} ${slot} after`] = this.#held(`slots ${1 - this.#current}`, shape, at * length + offset - from)
      })
    }
    const ids = pad(rows.ids.subarray(begin, end), padded)
    for (const table of this.#trained()) {
      const { name, dimensions } = table
      if (end === begin || !model.moved.has(tableName(name))) continue
      const shape = [padded, dimensions]
      parameters.push({ name: tableName(name), shape, decay: undefined, rate: this.#options.rate?.(table), moved: true })
      held[gradientOf(tableName(name))] = this.#held(`${name} sum`, shape)
      for (const slot of [undefined, ...slots]) {
        gather[tableName(name, slot)] = { shared: this.#buffer(tableName(name, slot)), rows: ids, columns: dimensions }
        into[`${tableName(name, slot)} after`] = this.#held(`${name} after${slot ? ` ${slot}` : ''}`, shape)
      }
    }
    if (parameters.length === 0) return
    const key = `${worker} ${parameters.map(({ name, shape, moved }) => `${name}[${shape}]${moved}`).join()}`
    let compiled = this.#updates.get(key)
    if (!compiled) this.#updates.set(key, (compiled = Compiled.loadOn(runtime, traceUpdate(this.#options, parameters), 1)))
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] })
    const one = await compiled
    const feeds: Record<string, OnnxTensor> = {
      learningRate: scalar(step.learningRate),
      step: scalar(step.step),
      ...(this.#options.clipNorm === undefined ? {} : { factor: scalar(factor) }),
    }
    for (const name of Object.keys(feeds)) if (!one.uses(name)) delete feeds[name]
    const shared = this.#buffer(`values ${1 - this.#current}`)
    const publish = length > 0 ? [{ buffer: this.#buffer('after'), shared, offset: from, length, at: 0 }] : []
    // A worker that had no part has not seen the present values yet.
    const pull = worker < rows.places.length ? undefined : this.#pull()
    await one.run({ feeds, held, into, gather, pull, publish, returns: [] })
  }

  /** The present values, for a worker's own copy. */
  #pull(): Copy[] {
    const shared = this.#buffer(`values ${this.#current}`)
    return [{ buffer: this.#buffer('values'), shared, offset: 0, length: this.#layout.length }]
  }

  async #commit(runtimes: readonly Runtime[], rows: UnionOfRows, { moved }: GradientModel): Promise<void> {
    const trained = this.#trained().filter(({ name }) => moved.has(tableName(name)))
    if (trained.length === 0) return
    await all(
      runtimes.map((runtime, worker) => {
        const ids = rows.ids.slice(...this.#ownRows(rows, worker))
        const tables = trained.flatMap(({ name, dimensions }) =>
          [undefined, ...this.#options.optimizer.slots].map((slot) => ({
            buffer: this.#buffer(`${name} after${slot ? ` ${slot}` : ''}`),
            shared: this.#buffer(tableName(name, slot)),
            columns: dimensions,
            rows: ids,
          })),
        )
        return runtime.request('commit', { tables }, 'put rows back')
      }),
    )
  }

  /** Which of the distinct rows a worker updates. */
  #ownRows({ ids }: UnionOfRows, worker: number): [begin: number, end: number] {
    const workers = this.#layout.owned.length
    return [Math.floor((ids.length * worker) / workers), Math.floor((ids.length * (worker + 1)) / workers)]
  }

  /** Of the variable as it is now, in shared memory. */
  #variable(index: number): Float32Array {
    const offset = this.#layout.offsets[index]!
    return this.#values(`values ${this.#current}`).subarray(offset, offset + this.#options.variables[index]!.size)
  }

  #values(name: string): Float32Array {
    return new Float32Array(this.#memory[name]!)
  }

  #share(name: string, length: number): Float32Array {
    return new Float32Array((this.#memory[name] = new SharedArrayBuffer(length * 4)))
  }

  #held(name: string, shape: readonly number[], offset = 0): Held {
    return { buffer: this.#buffer(name), type: 'float32', shape, offset }
  }

  #rowBuffers(): string[] {
    return this.#trained().flatMap(({ name }) => this.#rowBuffersOf(name))
  }

  #rowBuffersOf(table: string): string[] {
    return ['gradient', 'sum', 'after', ...this.#options.optimizer.slots.map((slot) => `after ${slot}`)].map((part) => `${table} ${part}`)
  }

  #named<T>(record: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [this.#buffer(name), value]))
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

/** What all give, or the first error once all have ended: nothing is then still being written. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return settled.map((result) => (result as PromiseFulfilledResult<T>).value)
}
