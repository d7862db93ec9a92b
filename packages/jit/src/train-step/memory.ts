import * as tf from '@tensorflow/tfjs-core'
import { nextNative } from '../engines/native/compiled.ts'
import type { Copy, Held } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { type StepState, tableName, variableName } from './engine.ts'
import { Layout } from './layout.ts'
import type { RowTable, TrainStepOptions } from './options.ts'
import type { UnionOfRows } from './parts.ts'

/**
 * All numbers of a step that workers share. Variables and tables lie in memory that all of them see; each worker has a
 * copy of the variables for ONNX Runtime to read, and the slots of the variables that it owns. Variables and their slots
 * are there twice, the present ones and those being made: `swap` makes these the present ones.
 */
export class StepMemory {
  readonly layout: Layout
  readonly tables: readonly RowTable[]
  readonly trained: readonly RowTable[]
  /** Which of the two sets is the present one. */
  current = 0
  /** Whether each worker's copy of what it owns is that of the present values. */
  fresh = false
  readonly #options: TrainStepOptions
  readonly #id = nextNative()
  /** The variables' data as the shared memory has them. */
  readonly #known = new Map<tf.Variable, tf.DataId>()
  #memory: Record<string, SharedArrayBuffer> = {}
  /** How many distinct rows there is room for. */
  #room = 0

  constructor(options: TrainStepOptions, workers: number) {
    this.#options = options
    this.layout = new Layout(options, workers)
    this.tables = options.tables ?? []
    this.trained = this.tables.filter(({ trainable }) => trainable)
  }

  swap(): void {
    this.current = 1 - this.current
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
  async read(runtimes: readonly Runtime[]): Promise<Record<string, Float32Array>> {
    this.writeAssigned()
    const slots = await all(
      runtimes.map((runtime) => runtime.request('read', { buffers: [this.buffer(`slots ${this.current}`)] }, 'read the slots')),
    )
    const state: Record<string, Float32Array> = {}
    this.#options.variables.forEach((_, index) => {
      state[variableName(index)] = this.#variable(index).slice()
    })
    for (const [worker, { variables, from, length }] of this.layout.owned.entries()) {
      const all = new Float32Array(slots[worker]![this.buffer(`slots ${this.current}`)]!.buffer)
      for (const index of variables) {
        this.#options.optimizer.slots.forEach((slot, at) => {
          const begin = at * length + this.layout.offsets[index]! - from
          state[variableName(index, slot)] = all.slice(begin, begin + this.#options.variables[index]!.size)
        })
      }
    }
    for (const { name } of this.trained) {
      for (const slot of [undefined, ...this.#options.optimizer.slots]) {
        state[tableName(name, slot)] = this.#values(tableName(name, slot)).slice()
      }
    }
    return state
  }

  /** Puts a whole state into the workers' memory. */
  async write(state: StepState, runtimes: readonly Runtime[]): Promise<void> {
    const { length, owned, offsets } = this.layout
    const { slots } = this.#options.optimizer
    this.#memory = {}
    for (const name of ['values 0', 'values 1', ...owned.map((_, part) => `gradient ${part}`)]) this.#share(name, length)
    for (const { name, data, trainable } of this.tables) {
      for (const slot of trainable ? [undefined, ...slots] : [undefined]) {
        this.#share(tableName(name, slot), data.length).set(trainable ? state[tableName(name, slot)]! : data)
      }
    }
    this.current = 0
    this.fresh = false
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
  }

  /** A variable that was assigned since goes over again. */
  writeAssigned(): void {
    for (const [index, variable] of this.#options.variables.entries()) {
      if (this.#known.get(variable) === variable.dataId) continue
      this.#known.set(variable, variable.dataId)
      this.fresh = false
      this.#variable(index).set(variable.dataSync() as Float32Array)
    }
  }

  /** Makes room for the rows of a part, and for those that a worker updates. */
  async reserve(needed: number, runtimes: readonly Runtime[]): Promise<void> {
    if (needed <= this.#room || this.trained.length === 0) return
    // Seldom: new memory is slow at its first use.
    const rows = 2 ** Math.ceil(Math.log2(needed))
    const memory: Record<string, SharedArrayBuffer> = {}
    for (const { name, dimensions } of this.trained) {
      runtimes.forEach((_, part) => {
        const key = `${name} gradient ${part}`
        this.#share(key, rows * dimensions)
        memory[key] = this.#memory[key]!
      })
    }
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
      const buffers = ['values', 'gradient', 'sum', 'after', 'slots 0', 'slots 1', ...this.#rowBuffers()]
      await runtime.request('forget', { buffers: buffers.map((name) => this.buffer(name)) })
      await runtime.request('unshare', { memory: Object.keys(this.#memory).map((name) => this.buffer(name)) })
    }
  }

  /** The present values, as far as a worker's own copy lacks them. */
  pull(worker: number): Copy[] {
    const [buffer, shared] = [this.buffer('values'), this.buffer(`values ${this.current}`)]
    const whole = [{ buffer, shared, offset: 0, length: this.layout.length }]
    if (!this.fresh) return whole
    return this.layout.owned.flatMap(({ from, length }, owner) =>
      owner === worker || length === 0 ? [] : { buffer, shared, offset: from, length },
    )
  }

  /** Which of the distinct rows a worker updates. */
  ownRows({ ids }: UnionOfRows, worker: number): [begin: number, end: number] {
    const workers = this.layout.owned.length
    return [Math.floor((ids.length * worker) / workers), Math.floor((ids.length * (worker + 1)) / workers)]
  }

  /** Of the variable as it is now, in shared memory. */
  #variable(index: number): Float32Array {
    const offset = this.layout.offsets[index]!
    return this.#values(`values ${this.current}`).subarray(offset, offset + this.#options.variables[index]!.size)
  }

  #values(name: string): Float32Array {
    return new Float32Array(this.#memory[name]!)
  }

  #share(name: string, length: number): Float32Array {
    return new Float32Array((this.#memory[name] = new SharedArrayBuffer(length * 4)))
  }

  held(name: string, shape: readonly number[], offset = 0): Held {
    return { buffer: this.buffer(name), type: 'float32', shape, offset }
  }

  #rowBuffers(): string[] {
    return this.trained.flatMap(({ name }) => this.#rowBuffersOf(name))
  }

  #rowBuffersOf(table: string): string[] {
    return ['gradient', 'sum', 'after', ...this.#options.optimizer.slots.map((slot) => `after ${slot}`)].map((part) => `${table} ${part}`)
  }

  #named<T>(record: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [this.buffer(name), value]))
  }

  buffer(name: string): string {
    return `step ${this.#id} ${name}`
  }
}

/** What all give, or the first error once all have ended: nothing is then still being written. */
export async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return settled.map((result) => (result as PromiseFulfilledResult<T>).value)
}
