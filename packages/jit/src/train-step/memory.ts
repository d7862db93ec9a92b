import * as tf from '@tensorflow/tfjs-core'
import { nextNative } from '../engines/native/compiled.ts'
import type { Copy, Held, SharedFloats } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { type StepState, tableName, variableName } from './engine.ts'
import { Layout } from './layout.ts'
import type { RowTable, TrainStepOptions } from './options.ts'
import type { UnionOfRows } from './parts.ts'
import { floatsOf, SharedArena } from './shared-arena.ts'

/**
 * All numbers of a step that workers share. Variables, their slots, all gradients and tables lie in memory that all of them see;
 * each worker has a copy of the variables for ONNX Runtime to read.
 */
export class StepMemory {
  readonly layout: Layout
  readonly tables: readonly RowTable[]
  readonly trained: readonly RowTable[]
  readonly #options: TrainStepOptions
  readonly #id = nextNative()
  /** The variables' data as the shared memory has them. */
  readonly #known = new Map<tf.Variable, tf.DataId>()
  #memory: Record<string, SharedFloats> = {}
  #arena = new SharedArena()
  /** How many distinct rows there is room for. */
  #room = 0

  constructor(options: TrainStepOptions, workers: number) {
    this.#options = options
    this.layout = new Layout(options, workers)
    this.tables = options.tables ?? []
    this.trained = this.tables.filter(({ trainable }) => trainable)
  }

  /** Writes the present weights into the variables and the tables' data. */
  sync(): void {
    this.writeAssigned()
    this.#options.variables.forEach((variable, index) => {
      tf.tidy(() => variable.assign(tf.tensor(this.#variable(index).slice(), variable.shape)))
      this.#known.set(variable, variable.dataId)
    })
    for (const { name, data } of this.trained) data.set(this.#values(tableName(name)))
  }

  /** The whole state. */
  read(): Record<string, Float32Array> {
    this.writeAssigned()
    const state: Record<string, Float32Array> = {}
    this.#options.variables.forEach((_, index) => {
      state[variableName(index)] = this.#variable(index).slice()
      this.#options.optimizer.slots.forEach((slot, at) => {
        state[variableName(index, slot)] = this.#slot(index, at).slice()
      })
    })
    for (const { name } of this.trained) {
      for (const slot of [undefined, ...this.#options.optimizer.slots]) {
        state[tableName(name, slot)] = this.#values(tableName(name, slot)).slice()
      }
    }
    return state
  }

  /** Puts a whole state into the workers' memory. */
  async write(state: StepState, runtimes: readonly Runtime[]): Promise<void> {
    const { length, owned } = this.layout
    const { slots } = this.#options.optimizer
    this.#arena = new SharedArena()
    this.#memory = {}
    const rowsOf = ({ name, data }: RowTable, slots: readonly string[]) =>
      [undefined, ...slots].map((slot) => [tableName(name, slot), data.length])
    this.#allocate({
      values: length,
      slots: length * slots.length,
      ...Object.fromEntries(owned.map((_, part) => [`gradient ${part}`, length])),
      ...Object.fromEntries(this.tables.flatMap((table) => rowsOf(table, table.trainable ? slots : []))),
    })
    for (const { name, data, trainable } of this.tables) {
      for (const slot of trainable ? [undefined, ...slots] : [undefined]) {
        this.#values(tableName(name, slot)).set(trainable ? state[tableName(name, slot)]! : data)
      }
    }
    this.#options.variables.forEach((variable, index) => {
      this.#variable(index).set(state[variableName(index)]!)
      slots.forEach((slot, at) => {
        this.#slot(index, at).set(state[variableName(index, slot)]!)
      })
      this.#known.set(variable, variable.dataId)
    })
    await all(
      runtimes.map(async (runtime, worker) => {
        const own = owned[worker]!.length * 4
        const buffers = {
          values: length * 4,
          gradient: length * 4,
          sum: own,
          after: own,
          slots: own * slots.length,
          'slots after': own * slots.length,
        }
        await runtime.request('hold', { buffers: this.#named(buffers) }, 'hold the weights')
        await runtime.request('share', { memory: this.#named(this.#memory) }, 'share the weights')
      }),
    )
    this.#room = 0
  }

  /** Whether a variable was assigned since. */
  get assigned(): boolean {
    return this.#options.variables.some((variable) => this.#known.get(variable) !== variable.dataId)
  }

  /** A variable that was assigned since goes over again. */
  writeAssigned(): void {
    for (const [index, variable] of this.#options.variables.entries()) {
      if (this.#known.get(variable) === variable.dataId) continue
      this.#known.set(variable, variable.dataId)
      this.#variable(index).set(variable.dataSync() as Float32Array)
    }
  }

  hasRoom(rows: number): boolean {
    return rows <= this.#room || this.trained.length === 0
  }

  /** Makes room for the rows of a part, and for those that a worker updates, where there is none. */
  async reserve(needed: number, runtimes: readonly Runtime[]): Promise<void> {
    if (this.hasRoom(needed)) return
    // Seldom: new memory is slow at its first use.
    const rows = 2 ** Math.ceil(Math.log2(needed))
    const memory = this.#allocate(
      Object.fromEntries(
        this.trained.flatMap(({ name, dimensions }) => [
          // One row more, of zeros: see `gradientRows`.
          ...runtimes.map((_, part) => [`${name} gradient ${part}`, (rows + 1) * dimensions]),
        ]),
      ),
    )
    const buffers: Record<string, number> = {}
    for (const { name, dimensions } of this.trained) {
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

  /** Frees what the workers hold. */
  async forget(runtimes: readonly Runtime[]): Promise<void> {
    for (const runtime of runtimes) {
      if (runtime.death !== undefined) continue
      const buffers = ['values', 'gradient', 'sum', 'after', 'slots', 'slots after', ...this.#rowBuffers()]
      await runtime.request('forget', { buffers: buffers.map((name) => this.buffer(name)) })
      await runtime.request('unshare', { memory: Object.keys(this.#memory).map((name) => this.buffer(name)) })
    }
  }

  /** The present values, to a worker's copy. */
  pull(): Copy {
    return { buffer: this.buffer('values'), shared: this.buffer('values'), offset: 0, length: this.layout.length }
  }

  /** The gradients that a worker found of its part, to where all see them. */
  publish(part: number): Copy {
    return { buffer: this.buffer('gradient'), shared: this.buffer(`gradient ${part}`), offset: 0, length: this.layout.length }
  }

  /** Which of the distinct rows a worker updates. */
  ownRows({ ids }: UnionOfRows, worker: number): [begin: number, end: number] {
    const workers = this.layout.owned.length
    return [Math.floor((ids.length * worker) / workers), Math.floor((ids.length * (worker + 1)) / workers)]
  }

  /** The variable as it is now. */
  #variable(index: number): Float32Array {
    return this.#part('values', this.layout.offsets[index]!, index)
  }

  #slot(index: number, slot: number): Float32Array {
    return this.#part('slots', this.slotOffset(index, slot), index)
  }

  /** Where a variable's slot lies in the memory of all slots, in elements. */
  slotOffset(index: number, slot: number): number {
    return slot * this.layout.length + this.layout.offsets[index]!
  }

  #part(name: string, offset: number, index: number): Float32Array {
    return this.#values(name).subarray(offset, offset + this.#options.variables[index]!.size)
  }

  #values(name: string): Float32Array {
    return floatsOf(this.#memory[name]!)
  }

  #allocate(lengths: Readonly<Record<string, number>>): Record<string, SharedFloats> {
    const made = this.#arena.allocate(lengths)
    Object.assign(this.#memory, made)
    return made
  }

  /** Rows of a part's gradients; those that it lacks, -1, are the row of zeros. */
  gradientRows(places: Int32Array): Int32Array {
    return places.map((place) => (place < 0 ? this.#room : place))
  }

  held(name: string, shape: readonly number[], offset = 0): Held {
    return { buffer: this.buffer(name), type: 'float32', shape, offset }
  }

  #rowBuffers(): string[] {
    return this.trained.flatMap(({ name }) => this.#rowBuffersOf(name))
  }

  #rowBuffersOf(table: string): string[] {
    const afters = [undefined, ...this.#options.optimizer.slots].map((slot) => afterName(table, slot))
    return [`${table} gradient`, `${table} sum`, ...afters]
  }

  #named<T>(record: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [this.buffer(name), value]))
  }

  buffer(name: string): string {
    return `step ${this.#id} ${name}`
  }
}

/** The buffer of new rows of a table, or of its slot, until they are put back. */
export const afterName = (table: string, slot?: string): string => `${table} after${slot ? ` ${slot}` : ''}`

/** What all give, or the first error once all have ended: nothing is then still being written. */
export async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return settled.map((result) => (result as PromiseFulfilledResult<T>).value)
}
