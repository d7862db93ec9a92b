import { KdError } from '@kd/core'
import { boundEngine } from './engines/bound.ts'
import { nextNative } from './engines/native/compiled.ts'
import type { Held, ValueFacts } from './engines/native/protocol.ts'
import type { Runtime } from './engines/runtime.ts'
import type { OnnxTensor } from './tensor.ts'

export interface LoadOnnxOptions {
  /** Threads for one operation. Default: the engine's. */
  threads?: number
  /** Inputs that are set once and used by every run (an embedding table): `session.keep` right after loading. */
  externalInputs?: Readonly<Record<string, OnnxTensor>>
  /** Further session options of ONNX Runtime, such as `graphOptimizationLevel`. */
  sessionOptions?: Readonly<Record<string, unknown>>
}

/** A model in the engine's worker thread. */
export interface OnnxSession {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Runs the model. The feeds are copied; the answer is the caller's. Runs of one process happen one after the other. */
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>
  /** Copies inputs into the worker, where every later run finds them; again for new values. */
  keep(inputs: Readonly<Record<string, OnnxTensor>>): Promise<void>
  dispose(): Promise<void>
}

/**
 * Loads the bytes of a `.onnx` file. All sessions live in one worker thread: runs never block the caller's.
 * @throws KdError of kind `engine` if the engine is not the native one, or refuses the model
 */
export async function loadOnnx(bytes: Uint8Array, options: LoadOnnxOptions = {}): Promise<OnnxSession> {
  const { threads, externalInputs, sessionOptions } = options
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new KdError({ kind: 'option', what: `${threads} is not a whole number from 1`, where: { option: 'threads' } })
  }
  const engine = await boundEngine()
  const runtime = await engine.runtime()
  const id = nextNative()
  const facts = await runtime.request(
    'load',
    { session: id, model: bytes, threads: threads ?? engine.info.threads, options: sessionOptions },
    'load the model',
  )
  const session = new NativeSession(runtime, id, facts.inputs, facts.outputs)
  if (externalInputs) await session.keep(externalInputs)
  return session
}

class NativeSession implements OnnxSession {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly #runtime: Runtime
  readonly #id: number
  readonly #facts: ReadonlyMap<string, ValueFacts>
  readonly #held: Record<string, Held> = {}
  #disposed = false

  constructor(runtime: Runtime, id: number, inputs: readonly ValueFacts[], outputs: readonly ValueFacts[]) {
    this.#runtime = runtime
    this.#id = id
    this.#facts = new Map(inputs.map((input) => [input.name, input]))
    this.inputs = inputs.map(({ name }) => name)
    this.outputs = outputs.map(({ name }) => name)
  }

  async run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>> {
    this.#check(feeds)
    return this.#runtime.request('run', { session: this.#id, feeds, held: this.#held, returns: this.outputs }, 'run the model')
  }

  async keep(inputs: Readonly<Record<string, OnnxTensor>>): Promise<void> {
    this.#check(inputs)
    const buffers: Record<string, OnnxTensor['data']> = {}
    const held: Record<string, Held> = {}
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      const buffer = `session ${this.#id} ${name}`
      buffers[buffer] = data
      held[name] = { buffer, type: this.#facts.get(name)!.type as Held['type'], shape }
    }
    await this.#runtime.request('hold', { buffers }, 'keep inputs')
    Object.assign(this.#held, held)
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#runtime.death !== undefined) return
    const buffers = Object.values(this.#held).map(({ buffer }) => buffer)
    if (buffers.length > 0) await this.#runtime.request('forget', { buffers })
    await this.#runtime.request('dispose', { session: this.#id })
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
