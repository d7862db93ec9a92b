import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { KdError } from '@kd/core'
import { OnnxGraph } from '@kd/core/onnx'
import type { OnnxTensor } from '../../tensor.ts'
import type { Runtime } from '../runtime.ts'
import type { OperatorTime, Requests, RunRequest } from './protocol.ts'

interface Pending {
  resolve(answer: unknown): void
  reject(error: Error): void
  what: string
}

/** Places in the memory that both threads see: requests are to be dropped; one is being served. */
const places = { stopping: 0, busy: 1 } as const

/** Longest wait for a running request when the process ends, in milliseconds. */
const lastWait = 10_000

/** How long a worker that does nothing may leave a waiting thread without an answer, in seconds. */
const longestSilence = 10

/**
 * The worker thread that holds ONNX Runtime, seen from the user's thread: requests out, promises back, in order.
 *
 * ONNX Runtime flushes denormal numbers in the thread of the process's first session only: a worker that replaces a dead
 * one computes with them, so that its last bits may differ and rarely used weights may be slow.
 */
export class NativeRuntime implements Runtime {
  readonly #worker: Worker | MessagePort
  readonly #pending = new Map<number, Pending>()
  /** A thread that is ended inside ONNX Runtime takes the process with it, so it is waited for: `places` says how. */
  readonly #gate: Int32Array
  readonly #besides: Promise<NativeRuntime>[] = []
  #count = 0
  #death: string | undefined

  private constructor(worker: Worker | MessagePort, gate: Int32Array) {
    this.#worker = worker
    this.#gate = gate
  }

  /**
   * Starts the worker and loads the native binary in it.
   * @param module what the worker imports: the package's name
   * @throws KdError of kind `engine` with the loader's message, where it can't be loaded
   */
  static start(module: string): Promise<NativeRuntime> {
    const gate = newGate()
    const workerData = { module, gate: gate.buffer, places, smallest: smallestModel() }
    // The parent's loaders and flags (tsx, vitest) are of no use to the worker.
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData, execArgv: [] })
    return NativeRuntime.#ready(worker, gate)
  }

  async team(count: number): Promise<NativeRuntime[]> {
    const others: Promise<NativeRuntime>[] = []
    for (let index = 0; index < count - 1; index++) {
      const known = await this.#besides[index]?.catch(() => undefined)
      this.#besides[index] = known?.death === undefined && known ? Promise.resolve(known) : this.#beside()
      others.push(this.#besides[index]!)
    }
    return [this, ...(await Promise.all(others))]
  }

  async profile(on: boolean): Promise<OperatorTime[]> {
    const others = await Promise.allSettled(this.#besides)
    const team = [
      this,
      ...others.flatMap((other) => (other.status === 'fulfilled' && other.value.death === undefined ? [other.value] : [])),
    ]
    return (await Promise.all(team.map((runtime) => runtime.request('profile', { on })))).flat()
  }

  /** A worker that treats denormal numbers as this one does, and ends with it. */
  #beside(): Promise<NativeRuntime> {
    if (this.#death !== undefined) return Promise.reject(this.#lost('start a second worker'))
    const gate = newGate()
    const { port1, port2 } = new MessageChannel()
    this.#worker.postMessage({ beside: { gate: gate.buffer, port: port2 } }, [port2])
    return NativeRuntime.#ready(port1, gate)
  }

  static #ready(worker: Worker | MessagePort, gate: Int32Array): Promise<NativeRuntime> {
    const runtime = new NativeRuntime(worker, gate)
    const processEnds = () => {
      Atomics.store(gate, places.stopping, 1)
      Atomics.wait(gate, places.busy, 1, lastWait)
    }
    process.once('exit', processEnds)
    return new Promise((resolve, reject) => {
      const failed = (what: string) => {
        runtime.#die(what)
        reject(new KdError({ kind: 'engine', what }))
      }
      const ended = (what: string) => {
        process.off('exit', processEnds)
        failed(what)
      }
      worker.on('message', (message: { ready?: true; failed?: string; id?: number; answer?: unknown; error?: string }) => {
        if (message.ready) {
          if (runtime.#pending.size === 0) worker.unref()
          resolve(runtime)
        } else if (message.failed !== undefined) failed(message.failed)
        else runtime.#settle(message.id!, message.answer, message.error)
      })
      if (worker instanceof Worker) {
        worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)))
        worker.on('exit', (code) => ended(`the worker thread ended with code ${code}`))
      } else worker.on('close', () => ended('the worker thread ended'))
    })
  }

  /** Why the worker is gone, if it is. */
  get death(): string | undefined {
    return this.#death
  }

  /** Large arrays go over without a second copy; the caller's arrays stay as they are. */
  request<K extends keyof Requests>(kind: K, request: Requests[K][0], what = kind as string): Promise<Requests[K][1]> {
    if (this.#death !== undefined) return Promise.reject(this.#lost(what))
    const id = this.#count++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, what })
      this.#worker.ref()
      const moved: ArrayBuffer[] = []
      this.#worker.postMessage({ id, kind, request: portable(kind, request, moved) }, moved)
    })
  }

  readSync(buffer: string, bytes: number): Uint8Array {
    const what = 'read a variable'
    if (this.#death !== undefined || Atomics.load(this.#gate, places.stopping)) throw this.#lost(what)
    const target = new Uint8Array(new SharedArrayBuffer(bytes))
    const done = new Int32Array(new SharedArrayBuffer(4))
    this.request('copy', { buffer, target, done }, what).catch(() => {})
    for (let idle = 0; Atomics.wait(done, 0, 0, 1000) === 'timed-out'; ) {
      idle = Atomics.load(this.#gate, places.busy) ? 0 : idle + 1
      if (idle > longestSilence) throw this.#lost(what)
    }
    if (Atomics.load(done, 0) === 2) throw new KdError({ kind: 'engine', what: `the buffer ${buffer} is not held` })
    return target.slice()
  }

  /** Ends the worker after what it is doing now; all that waits is rejected. */
  async stop(): Promise<void> {
    if (this.#death !== undefined) return
    // A thread takes those that it made with it, whatever they are doing.
    for (const beside of await Promise.allSettled(this.#besides)) if (beside.status === 'fulfilled') await beside.value.stop()
    const ended = new Promise<void>((resolve) => {
      if (this.#worker instanceof Worker) this.#worker.once('exit', () => resolve())
      else this.#worker.once('close', () => resolve())
    })
    Atomics.store(this.#gate, places.stopping, 1)
    this.#worker.ref()
    this.#worker.postMessage({ stop: true })
    await ended
  }

  #settle(id: number, answer: unknown, error: string | undefined): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#worker.unref()
    if (error === undefined) pending?.resolve(answer)
    else pending?.reject(new KdError({ kind: 'engine', what: `ONNX Runtime failed to ${pending.what}: ${error}` }))
  }

  #die(reason: string): void {
    this.#death ??= reason
    for (const { reject, what } of this.#pending.values()) reject(this.#lost(what))
    this.#pending.clear()
  }

  #lost(what: string): KdError {
    return new KdError({
      kind: 'engine',
      what: `the worker that holds ONNX Runtime is gone (${this.#death}), could not ${what}`,
      fix: 'Its sessions and weights are lost: load or restore them again, a new worker starts by itself.',
    })
  }
}

const newGate = (): Int32Array => new Int32Array(new SharedArrayBuffer(8))

/** A model that does nothing: its session, the process's first, sets how the thread treats denormal numbers. */
function smallestModel(): Uint8Array {
  const graph = new OnnxGraph()
  graph.output(graph.input('in', 'float32', []), 'out', 'float32', [])
  return graph.toBytes()
}

/** Below this, copying twice costs less than a transfer. */
const worthMoving = 4096

/** The request with its large arrays copied once into memory that the worker may keep. Shared memory goes as it is. */
function portable<K extends keyof Requests>(kind: K, request: Requests[K][0], moved: ArrayBuffer[]): unknown {
  const data = <T extends OnnxTensor['data']>(values: T): T => {
    if (values.buffer instanceof SharedArrayBuffer) return values
    const copy = values.slice() as T
    if (copy.byteLength >= worthMoving) moved.push(copy.buffer as ArrayBuffer)
    return copy
  }
  const portableRun = (run: RunRequest) => ({
    ...run,
    feeds: mapValues(run.feeds, (tensor) => ({ data: data(tensor.data), shape: [...tensor.shape] })),
  })
  if (kind === 'run') return portableRun(request as RunRequest)
  if (kind === 'step') {
    const step = request as Requests['step'][0]
    return { ...step, run: step.run && portableRun(step.run) }
  }
  if (kind === 'load') {
    const load = request as Requests['load'][0]
    return { ...load, model: data(load.model) }
  }
  if (kind === 'hold') {
    const { buffers } = request as Requests['hold'][0]
    return { buffers: mapValues(buffers, (values) => (typeof values === 'number' ? values : data(values))) }
  }
  return request
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}
