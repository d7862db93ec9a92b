import { KdError } from '@kd/core'
import { boundEngine } from './engines/bound.ts'
import { nextNative } from './engines/native/compiled.ts'
import type { Held, Requests, ValueFacts } from './engines/native/protocol.ts'
import type { Runtime } from './engines/runtime.ts'
import type { OnnxTensor } from './tensor.ts'

export interface LoadOnnxOptions {
  /** Threads for one operation. Default: the engine's. */
  threads?: number
  /**
   * Runs that compute at the same time, each in a worker thread with a model of its own (and its memory): two of one thread
   * get more done than one of two. Default: 1; an engine that has one worker stays at 1.
   */
  atOnce?: number
  /** Inputs that are set once and used by every run (an embedding table): `session.keep` right after loading. */
  externalInputs?: Readonly<Record<string, OnnxTensor>>
  /** Further session options of ONNX Runtime, such as `graphOptimizationLevel`. */
  sessionOptions?: Readonly<Record<string, unknown>>
}

/** A model in the engine's worker threads. */
export interface OnnxSession {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Runs that compute at the same time. */
  readonly atOnce: number
  /** Runs the model. The feeds are copied; the answer is the caller's. Runs beyond `atOnce` wait for their turn. */
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>
  /** Copies inputs into the workers, where every later run finds them; again for new values. */
  keep(inputs: Readonly<Record<string, OnnxTensor>>): Promise<void>
  dispose(): Promise<void>
}

/**
 * Loads the bytes of a `.onnx` file. Sessions live in worker threads: runs never block the caller's.
 * @throws KdError of kind `engine` if the engine is not the native one, or refuses the model
 */
export async function loadOnnx(bytes: Uint8Array, options: LoadOnnxOptions = {}): Promise<OnnxSession> {
  const { threads, atOnce = 1, externalInputs, sessionOptions } = options
  for (const [option, value] of Object.entries({ threads, atOnce })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue
    throw new KdError({ kind: 'option', what: `${value} is not a whole number from 1`, where: { option } })
  }
  const engine = await boundEngine()
  const first = await engine.runtime()
  const runtimes = atOnce > 1 && first.team ? await first.team(atOnce) : [first]
  const session = new NativeSession()
  try {
    for (const runtime of runtimes) {
      await session.load(runtime, { model: bytes, threads: threads ?? engine.info.threads, options: sessionOptions })
    }
    if (externalInputs) await session.keep(externalInputs)
  } catch (error) {
    await session.dispose()
    throw error
  }
  return session
}

/** The model in one worker. */
interface Seat {
  readonly runtime: Runtime
  readonly id: number
  /** Runs that are under way or wait. */
  waiting: number
}

class NativeSession implements OnnxSession {
  inputs: readonly string[] = []
  outputs: readonly string[] = []
  readonly #seats: Seat[] = []
  #facts: ReadonlyMap<string, ValueFacts> = new Map()
  readonly #held: Record<string, Held> = {}
  #disposed = false

  get atOnce(): number {
    return this.#seats.length
  }

  async load(runtime: Runtime, model: Omit<Requests['load'][0], 'session'>): Promise<void> {
    const id = nextNative()
    const facts = await runtime.request('load', { session: id, ...model }, 'load the model')
    this.#seats.push({ runtime, id, waiting: 0 })
    this.#facts = new Map(facts.inputs.map((input) => [input.name, input]))
    this.inputs = facts.inputs.map(({ name }) => name)
    this.outputs = facts.outputs.map(({ name }) => name)
  }

  async run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>> {
    this.#check(feeds)
    const seat = this.#seats.reduce((best, other) => (other.waiting < best.waiting ? other : best))
    seat.waiting++
    try {
      return await seat.runtime.request('run', { session: seat.id, feeds, held: this.#held, returns: this.outputs }, 'run the model')
    } finally {
      seat.waiting--
    }
  }

  async keep(inputs: Readonly<Record<string, OnnxTensor>>): Promise<void> {
    this.#check(inputs)
    const buffers: Record<string, OnnxTensor['data']> = {}
    const held: Record<string, Held> = {}
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      const buffer = `session ${this.#seats[0]!.id} ${name}`
      buffers[buffer] = data
      held[name] = { buffer, type: this.#facts.get(name)!.type as Held['type'], shape }
    }
    await Promise.all(this.#seats.map(({ runtime }) => runtime.request('hold', { buffers }, 'keep inputs')))
    Object.assign(this.#held, held)
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    const buffers = Object.values(this.#held).map(({ buffer }) => buffer)
    for (const { runtime, id } of this.#seats) {
      if (runtime.death !== undefined) continue
      if (buffers.length > 0) await runtime.request('forget', { buffers })
      await runtime.request('dispose', { session: id })
    }
  }

  #check(tensors: Readonly<Record<string, OnnxTensor>>): void {
    if (this.#disposed) throw new KdError({ kind: 'engine', what: 'the session has been disposed' })
    for (const [name, { data, shape }] of Object.entries(tensors)) {
      const size = shape.reduce((product, side) => product * side, 1)
      if (!this.#facts.has(name)) {
        throw new KdError({
          kind: 'engine',
          what: `the model has no input ${name}; it has ${this.inputs.join(', ')}`,
          where: { tensor: name },
        })
      }
      if (size !== data.length) {
        throw new KdError({
          kind: 'engine',
          what: `the shape [${shape}] has ${size} elements, the data ${data.length}`,
          where: { tensor: name },
        })
      }
    }
  }
}
