import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import type { Constant, Value, ValueType } from './graph.ts'
import { shapeOf } from './lowerings/complex.ts'
import { lowerings } from './lowerings/index.ts'
import type { Call, Lowering, Symbolic } from './lowerings/lowering.ts'
import { refused } from './lowerings/refused.ts'
import type { Recording } from './recording.ts'
import { refuse, refuseKernel } from './refuse.ts'

/** The backend's name in TensorFlow.js. */
export const traceName = 'kd-trace'

type BackendValues = Parameters<tf.KernelBackend['write']>[0]

/** A TensorFlow.js backend that computes nothing: its kernels append nodes to the recording's graph. */
class TraceBackend extends tf.KernelBackend {
  readonly values = new Map<tf.DataId, Value>()
  /** How many tensors share data, where more than one does. */
  readonly #references = new Map<tf.DataId, number>()
  recording: Recording | undefined

  override write(values: BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const type = valueType(dtype)
    return this.#put(this.#recording().graph.constant(type, shape, constantData(values, type)))
  }

  override move(dataId: tf.DataId, values: BackendValues, shape: number[], dtype: tf.DataType): void {
    const type = valueType(dtype)
    this.values.set(dataId, this.#recording().graph.constant(type, shape, constantData(values, type)))
  }

  override readSync(dataId: tf.DataId): never {
    if (!this.recording || !this.values.has(dataId)) throw usedAfterwards()
    throw this.recording.refuseReading()
  }

  /** The trace fails, whether or not anybody waits: a promise that nobody waits for must not end the process. */
  override read(dataId: tf.DataId): Promise<never> {
    try {
      return this.readSync(dataId)
    } catch (error) {
      return this.recording ? new Promise(() => {}) : Promise.reject(error)
    }
  }

  override disposeData(dataId: tf.DataId): boolean {
    const references = this.refCount(dataId)
    if (references > 1) {
      this.#references.set(dataId, references - 1)
      return false
    }
    this.values.delete(dataId)
    this.#references.delete(dataId)
    return true
  }

  override numDataIds(): number {
    return this.values.size
  }

  override refCount(dataId: tf.DataId): number {
    return this.#references.get(dataId) ?? (this.values.has(dataId) ? 1 : 0)
  }

  override incRef(dataId: tf.DataId): void {
    const owner = dataOf(dataId)?.backend ?? this
    // A tensor from outside: a variable is assigned to it, say.
    if (owner !== this) owner.incRef(dataId)
    else if (this.values.has(dataId)) this.#references.set(dataId, this.refCount(dataId) + 1)
  }

  clear(): void {
    this.values.clear()
    this.#references.clear()
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }

  override floatPrecision(): 32 {
    return 32
  }

  override epsilon(): number {
    return 1e-7
  }

  /** The value that a kernel's input stands for. */
  value(info: tf.TensorInfo): Value {
    const recording = this.#recording()
    const known = this.values.get(info.dataId)
    const owner = known ? undefined : recording.owners.get(info.dataId)
    if (owner) {
      const traced = recording.traced(owner)
      traced.input ??= recording.graph.input(`variable ${owner.id}`, valueType(owner.dtype), owner.shape)
      this.values.set(info.dataId, traced.input)
      return traced.input
    }
    if (known) return known
    // A tensor that the function captured: its values become part of the graph.
    const type = valueType(info.dtype)
    const captured = recording.graph.constant(type, info.shape, constantData(tf.engine().readSync(info.dataId), type).slice())
    this.values.set(info.dataId, captured)
    return captured
  }

  symbol(symbolic: Symbolic): tf.TensorInfo {
    return { dataId: this.#put(symbolic.value), shape: shapeOf(symbolic), dtype: symbolic.dtype }
  }

  #put(value: Value): tf.DataId {
    const dataId = {}
    this.values.set(dataId, value)
    return dataId
  }

  #recording(): Recording {
    if (!this.recording) throw usedAfterwards()
    return this.recording
  }
}

const usedAfterwards = () =>
  refuse(
    'a tensor that was made while jit traced a function is used outside of that call (tf.keep, or a variable of JavaScript, held it)',
    'Return it from the function, or assign it to a tf.Variable.',
  )

interface DataInfo {
  readonly backend: tf.KernelBackend
}

/** What TensorFlow.js knows of a tensor's data. */
export function dataOf(dataId: tf.DataId): DataInfo | undefined {
  const { state } = tf.engine() as unknown as { state: { tensorInfo: WeakMap<tf.DataId, DataInfo> } }
  return state.tensorInfo.get(dataId)
}

function valueType(dtype: tf.DataType): ValueType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  throw refuse(`jit can't trace tensors of type ${dtype}`, 'Use float32, int32 or bool.', undefined, 'operations')
}

function constantData(values: BackendValues, type: ValueType): Constant {
  const view = type === 'float32' ? Float32Array : type === 'int32' ? Int32Array : Uint8Array
  return values instanceof view ? values : view.from(values as unknown as ArrayLike<number>)
}

export const backend = new TraceBackend()
let registered = false

export function register(): void {
  if (registered) return
  registered = true
  tf.registerBackend(traceName, () => backend, 0)
  const exported: unknown[] = Object.values(tf)
  const kernels = new Set(exported.filter((value): value is string => typeof value === 'string' && /^(_F|[A-Z])/.test(value)))
  for (const kernelName of [...kernels, ...Object.keys(lowerings)]) {
    const lowering: Lowering | undefined = lowerings[kernelName]
    if (tf.getKernel(kernelName, traceName)) continue
    tf.registerKernel({
      kernelName,
      backendName: traceName,
      kernelFunc: ({ inputs, attrs }) => {
        const { recording } = backend
        if (!recording) throw usedAfterwards()
        if (!lowering) throw (recording.refusal ??= refuseKernel(kernelName, refused[kernelName]))
        const values = Object.fromEntries(Object.entries(inputs).map(([key, info]) => [key, info && symbolic(info as tf.TensorInfo)]))
        const out = lowered(recording, lowering, { graph: recording.graph, kernel: kernelName, inputs: values, attributes: attrs ?? {} })
        return Array.isArray(out) ? out.map((one) => backend.symbol(one)) : backend.symbol(out as Symbolic)
      },
    })
  }
}

function lowered(recording: Recording, lowering: Lowering, call: Call): ReturnType<Lowering> {
  try {
    return lowering(call)
  } catch (error) {
    if (KdError.isInstance(error)) recording.refusal ??= error
    throw error
  }
}

const symbolic = (info: tf.TensorInfo): Symbolic => ({ value: backend.value(info), dtype: info.dtype })

/** A tensor that stands for `value` inside a recording. */
export function tensorOf(value: Value): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend.symbol({ value, dtype: value.type as tf.DataType }))
}

export function valueOfTensor(tensor: tf.TensorInfo): Value {
  if (tensor.dtype === 'complex64')
    throw refuse("jit can't give complex tensors back", 'Return tf.real(x) and tf.imag(x).', undefined, 'operations')
  return backend.value(tensor)
}
