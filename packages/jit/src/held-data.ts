import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import type { Runtime } from './engines/runtime.ts'

const name = 'kd-held'
let count = 0

/** Where data lies: a buffer of a runtime. */
export interface Place {
  readonly buffers: Buffers
  readonly buffer: string
  readonly bytes: number
}

/** The buffers of one runtime. Those that nobody holds wait for the next use of their size. */
export class Buffers {
  static readonly #all = new WeakMap<Runtime, Buffers>()
  readonly runtime: Runtime
  readonly #free = new Map<number, string[]>()
  /** Copies of data that lies elsewhere, by the variable that has it. */
  readonly copies = new Map<tf.Variable, { readonly dataId: tf.DataId; readonly place: Place }>()
  /** How many traced functions use a variable. */
  readonly users = new Map<tf.Variable, number>()

  private constructor(runtime: Runtime) {
    this.runtime = runtime
  }

  static of(runtime: Runtime): Buffers {
    let buffers = Buffers.#all.get(runtime)
    if (!buffers) Buffers.#all.set(runtime, (buffers = new Buffers(runtime)))
    return buffers
  }

  /** A buffer that nobody holds; its content is anything. */
  async take(bytes: number): Promise<Place> {
    const free = this.#free.get(bytes)?.pop()
    if (free !== undefined) return { buffers: this, buffer: free, bytes }
    const buffer = `held ${count++}`
    await this.runtime.request('hold', { buffers: { [buffer]: bytes } }, 'make room for a variable')
    return { buffers: this, buffer, bytes }
  }

  give({ buffer, bytes }: Place): void {
    const free = this.#free.get(bytes)
    if (free) free.push(buffer)
    else this.#free.set(bytes, [buffer])
  }

  /** Gives the memory of what nobody holds back. */
  async trim(): Promise<void> {
    const buffers = [...this.#free.values()].flat()
    this.#free.clear()
    if (buffers.length > 0 && this.runtime.death === undefined) await this.runtime.request('forget', { buffers })
  }
}

interface HeldData extends Place {
  readonly variable: tf.Variable
  readonly dtype: tf.DataType
  references: number
}

const views = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/**
 * Tensors whose values lie with the engine, not in this process's heap: what a traced function assigned to variables.
 * Reading one fetches it; an operation of TensorFlow.js moves it to the backend that runs the operation. A buffer is
 * used again only when no tensor refers to it: an earlier value that somebody cloned stays as it is.
 */
class HeldBackend extends tf.KernelBackend {
  readonly #data = new Map<tf.DataId, HeldData>()

  place(dataId: tf.DataId): HeldData | undefined {
    return this.#data.get(dataId)
  }

  put(data: HeldData): tf.DataId {
    const dataId = {}
    this.#data.set(dataId, data)
    return dataId
  }

  override readSync(dataId: tf.DataId): Float32Array | Int32Array | Uint8Array {
    const { buffers, buffer, bytes, dtype, variable } = this.#data.get(dataId)!
    if (buffers.runtime.death !== undefined) throw lost(variable, buffers.runtime.death)
    return viewed(buffers.runtime.readSync(buffer, bytes), dtype)
  }

  override async read(dataId: tf.DataId): Promise<Float32Array | Int32Array | Uint8Array> {
    const { buffers, buffer, dtype, variable } = this.#data.get(dataId)!
    if (buffers.runtime.death !== undefined) throw lost(variable, buffers.runtime.death)
    const answer = await buffers.runtime.request('read', { buffers: [buffer] }, 'read a variable')
    return viewed(answer[buffer]!, dtype)
  }

  override disposeData(dataId: tf.DataId, moved = false): boolean {
    const data = this.#data.get(dataId)
    if (!data) return true
    if (!moved && --data.references > 0) return false
    this.#data.delete(dataId)
    // Moved to another backend, it is a copy of what lies there now.
    if (moved && data.variable.dataId === dataId && data.buffers.users.has(data.variable)) {
      data.buffers.copies.set(data.variable, { dataId, place: data })
    } else data.buffers.give(data)
    return true
  }

  override refCount(dataId: tf.DataId): number {
    return this.#data.get(dataId)?.references ?? 0
  }

  override incRef(dataId: tf.DataId): void {
    const data = this.#data.get(dataId)
    if (data) data.references++
  }

  override numDataIds(): number {
    return this.#data.size
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }
}

function viewed(bytes: Uint8Array, dtype: tf.DataType): Float32Array | Int32Array | Uint8Array {
  const View = views[dtype as keyof typeof views]
  return new View(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / View.BYTES_PER_ELEMENT)
}

const lost = (variable: tf.Variable, death: string): KdError =>
  new KdError({
    kind: 'engine',
    what: `the values of the variable ${variable.name} were with the engine, which is gone (${death})`,
    where: { tensor: variable.name },
    fix: 'Assign the variables of this model again, from a state that was saved.',
  })

const backend = new HeldBackend()
const guarded = new WeakSet<tf.KernelBackend>()

export const placeOf = (dataId: tf.DataId): Place | undefined => backend.place(dataId)

/** Makes what lies at a place the value of the variable. */
export function assignHeld(variable: tf.Variable, place: Place): void {
  if (!tf.findBackend(name)) tf.registerBackend(name, () => backend, 0)
  countReferences(tf.backend() as tf.KernelBackend)
  const dataId = backend.put({ ...place, variable, dtype: variable.dtype, references: 1 })
  const tensor = tf.engine().makeTensorFromDataId(dataId, variable.shape, variable.dtype, backend)
  variable.assign(tensor)
  tensor.dispose()
}

/**
 * TensorFlow.js counts a second reference at the backend in use, not at the one that has the data. Some backends (cpu,
 * wasm) then fetch the data, others forget the reference, and the data goes while a clone needs it.
 */
function countReferences(current: tf.KernelBackend): void {
  if (guarded.has(current)) return
  guarded.add(current)
  const { incRef } = current
  current.incRef = (dataId) => (backend.place(dataId) ? backend.incRef(dataId) : incRef.call(current, dataId))
}
