import { KdError } from '@kd/core'
import type * as ort from 'onnxruntime-web/wasm'
import type { OnnxTensor } from '../../tensor.ts'
import type { Held, Requests, RunRequest, SessionFacts, ValueFacts } from '../native/protocol.ts'
import type { Runtime } from '../runtime.ts'

type Ort = typeof ort
type Elements = Exclude<OnnxTensor['data'], BigInt64Array> | BigInt64Array

const views = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const
const typeOf = (data: Elements): keyof typeof views =>
  (Object.entries(views).find(([, View]) => data instanceof View)?.[0] ?? 'float32') as keyof typeof views

/** What one thread answers; what several hand each other is not among it. */
type Local = Pick<Requests, 'load' | 'run' | 'hold' | 'write' | 'read' | 'forget' | 'dispose'>

/**
 * ONNX Runtime's WebAssembly in the caller's thread: for browsers, whose main thread may not wait for another one. A page
 * that must answer meanwhile uses the package in a web worker of its own.
 */
export class LocalRuntime implements Runtime {
  readonly #ort: Ort
  readonly #sessions = new Map<number, ort.InferenceSession>()
  readonly #buffers = new Map<string, ArrayBuffer>()
  #last: Promise<unknown> = Promise.resolve()
  #death: string | undefined

  constructor(ort: Ort) {
    this.#ort = ort
  }

  /** @param load imports onnxruntime-web */
  static async start(load: () => Promise<Ort>, threads: number): Promise<LocalRuntime> {
    const loaded = await load()
    loaded.env.wasm.numThreads = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ? threads : 1
    loaded.env.logLevel = 'error'
    return new LocalRuntime(loaded)
  }

  get death(): string | undefined {
    return this.#death
  }

  request<K extends keyof Requests>(kind: K, request: Requests[K][0], what: string = kind): Promise<Requests[K][1]> {
    const answer = this.#last.then(async () => {
      if (this.#death !== undefined) throw new KdError({ kind: 'engine', what: `ONNX Runtime is gone (${this.#death}), could not ${what}` })
      const handler = (this.#handlers as Partial<Record<string, (request: unknown) => unknown>>)[kind]
      if (!handler) throw new KdError({ kind: 'engine', what: `one thread can't ${what}` })
      try {
        return (await handler(request)) as Requests[K][1]
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        throw new KdError({ kind: 'engine', what: `ONNX Runtime failed to ${what}: ${why}`, cause: error })
      }
    })
    this.#last = answer.catch(() => {})
    return answer
  }

  readSync(buffer: string, bytes: number): Uint8Array {
    return new Uint8Array(this.#bytes(buffer).slice(0, bytes))
  }

  async stop(): Promise<void> {
    await this.#last
    this.#death ??= 'it was stopped'
    for (const session of this.#sessions.values()) await session.release()
    this.#sessions.clear()
    this.#buffers.clear()
  }

  readonly #handlers: { [K in keyof Local]: (request: Local[K][0]) => Promise<Local[K][1]> } = {
    load: async ({ session: id, model, options }) => {
      const session = await this.#ort.InferenceSession.create(model, {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
        ...options,
      })
      this.#sessions.set(id, session)
      return { inputs: factsOf(session.inputMetadata), outputs: factsOf(session.outputMetadata) } satisfies SessionFacts
    },
    run: (request) => this.#run(request),
    hold: async ({ buffers }) => {
      for (const [name, data] of Object.entries(buffers)) {
        this.#buffers.set(name, typeof data === 'number' ? new ArrayBuffer(data) : (data.slice().buffer as ArrayBuffer))
      }
      return undefined
    },
    write: async ({ buffer, offset, data }) => {
      new Float32Array(this.#bytes(buffer)).set(data, offset)
      return undefined
    },
    read: async ({ buffers }) => Object.fromEntries(buffers.map((name) => [name, new Uint8Array(this.#bytes(name).slice(0))])),
    forget: async ({ buffers }) => {
      for (const name of buffers) this.#buffers.delete(name)
      return undefined
    },
    dispose: async ({ session }) => {
      const found = this.#sessions.get(session)
      this.#sessions.delete(session)
      await found?.release()
      return undefined
    },
  }

  async #run({ session: id, feeds, held = {}, into = {}, scatter = {}, returns }: RunRequest): Promise<Record<string, OnnxTensor>> {
    const session = this.#sessions.get(id)
    if (!session) throw new Error('the session has been disposed')
    const types = new Map(factsOf(session.inputMetadata).map(({ name, type }) => [name, type]))
    const inputs: Record<string, ort.Tensor> = {}
    for (const name of session.inputNames) {
      const [place, feed] = [held[name], feeds[name]]
      if (place) inputs[name] = this.#tensor(place.type, this.#view(place), place.shape)
      else if (feed) inputs[name] = this.#tensor(types.get(name) === 'bool' ? 'bool' : typeOf(feed.data), feed.data, feed.shape)
      else throw new Error(`the input ${name} is missing`)
    }
    const results = await session.run(inputs, [...new Set([...Object.keys(into), ...Object.keys(scatter), ...returns])])
    // Only when the run has ended well: a run that fails changes nothing.
    for (const [name, place] of Object.entries(into)) this.#view(place).set(results[name]!.data as never)
    for (const [name, { buffer, rows }] of Object.entries(scatter)) {
      const { data, dims } = results[name]!
      const [table, columns] = [new Float32Array(this.#bytes(buffer)), dims[1]!]
      rows.forEach((row, at) => {
        table.set((data as Float32Array).subarray(at * columns, (at + 1) * columns), row * columns)
      })
    }
    return Object.fromEntries(returns.map((name) => [name, { data: results[name]!.data as Float32Array, shape: [...results[name]!.dims] }]))
  }

  #tensor(type: string, data: Elements, shape: readonly number[]): ort.Tensor {
    return new this.#ort.Tensor(type as 'float32', data as Float32Array, shape)
  }

  #view({ buffer, type, shape, offset = 0 }: Held): Elements {
    const View = views[type]
    const length = shape.reduce((product, side) => product * side, 1)
    return new View(this.#bytes(buffer), offset * View.BYTES_PER_ELEMENT, length)
  }

  #bytes(name: string): ArrayBuffer {
    const bytes = this.#buffers.get(name)
    if (!bytes) throw new Error(`the buffer ${name} is not held`)
    return bytes
  }
}

const factsOf = (metadata: readonly ort.InferenceSession.ValueMetadata[]): ValueFacts[] =>
  metadata.map((facts) => ({
    name: facts.name,
    type: facts.isTensor ? facts.type : 'none',
    shape: facts.isTensor ? [...facts.shape] : [],
  }))
