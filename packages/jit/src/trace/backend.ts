import * as tf from '@tensorflow/tfjs-core'
import { type Constant, Graph, type Value, type ValueType } from './graph.ts'
import { lowerings } from './lowerings/index.ts'
import type { Lowering, Symbolic } from './lowerings/lowering.ts'
import { refuse, refuseKernel } from './refuse.ts'

const name = 'kd-trace'
type BackendValues = Parameters<tf.KernelBackend['write']>[0]

/** A variable as a recording found it, and where it ended. */
export interface TracedVariable {
  readonly variable: tf.Variable
  /** The input that stands for its value before the step; absent if nothing read it. */
  input?: Value
  /** Its value after the step, if the step assigned it. */
  output?: Value
  /** First values of a variable that the recording itself created. */
  initial?: Value
}

/** One recording: the graph so far, and the variables met. */
export class Recording {
  readonly graph = new Graph()
  readonly variables = new Map<tf.Variable, TracedVariable>()
  /** The variables that were there at the beginning, with their data then. */
  readonly before = new Map(Object.values(tf.engine().registeredVariables).map((variable) => [variable, variable.dataId]))

  traced(variable: tf.Variable): TracedVariable {
    let traced = this.variables.get(variable)
    if (!traced) this.variables.set(variable, (traced = { variable }))
    return traced
  }
}

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

  override readSync(): never {
    throw refuse(
      'the function reads the values of a tensor (dataSync, arraySync, data, print, ...) while jit traces it, when there are none yet',
      'Return the tensor and read it from the result; decide with tf.where instead of if.',
    )
  }

  override async read(): Promise<never> {
    return this.readSync()
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
    if (this.values.has(dataId)) this.#references.set(dataId, this.refCount(dataId) + 1)
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
    if (known && (known.node || known.input)) return known
    const variable = variableOf(info.dataId)
    if (variable) {
      const traced = recording.traced(variable)
      const first = recording.before.get(variable)
      if (first === info.dataId || (first === undefined && traced.input === undefined)) {
        if (known) traced.initial = known
        traced.input ??= recording.graph.input(`variable ${variable.id}`, valueType(variable.dtype), variable.shape)
        this.values.set(info.dataId, traced.input)
        return traced.input
      }
    }
    if (known) return known
    // A tensor that the function captured: its values become part of the graph.
    const type = valueType(info.dtype)
    const captured = recording.graph.constant(type, info.shape, constantData(tf.engine().readSync(info.dataId), type).slice())
    this.values.set(info.dataId, captured)
    return captured
  }

  symbol({ value, dtype }: Symbolic): tf.TensorInfo {
    return { dataId: this.#put(value), shape: [...value.shape], dtype }
  }

  #put(value: Value): tf.DataId {
    const dataId = {}
    this.values.set(dataId, value)
    return dataId
  }

  #recording(): Recording {
    if (!this.recording) throw refuse('a tensor of a traced function is used after its trace', 'Use what the jitted function returns.')
    return this.recording
  }
}

function variableOf(dataId: tf.DataId): tf.Variable | undefined {
  for (const variable of Object.values(tf.engine().registeredVariables)) if (variable.dataId === dataId) return variable
  return undefined
}

function valueType(dtype: tf.DataType): ValueType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  throw refuse(`jit can't trace tensors of type ${dtype}`, 'Use float32, int32 or bool.')
}

function constantData(values: BackendValues, type: ValueType): Constant {
  const view = type === 'float32' ? Float32Array : type === 'int32' ? Int32Array : Uint8Array
  return values instanceof view ? values : view.from(values as unknown as ArrayLike<number>)
}

const backend = new TraceBackend()
let registered = false

function register(): void {
  if (registered) return
  registered = true
  tf.registerBackend(name, () => backend, 0)
  const exported: unknown[] = Object.values(tf)
  const kernels = new Set(exported.filter((value): value is string => typeof value === 'string' && /^(_F|[A-Z])/.test(value)))
  for (const kernelName of [...kernels, ...Object.keys(lowerings)]) {
    const lowering: Lowering | undefined = lowerings[kernelName]
    if (tf.getKernel(kernelName, name)) continue
    tf.registerKernel({
      kernelName,
      backendName: name,
      kernelFunc: ({ inputs, attrs }) => {
        const { recording } = backend
        if (!lowering || !recording) throw refuseKernel(kernelName)
        const values = Object.fromEntries(Object.entries(inputs).map(([key, info]) => [key, info && symbolic(info as tf.TensorInfo)]))
        const out = lowering({ graph: recording.graph, kernel: kernelName, inputs: values, attributes: attrs ?? {} })
        return Array.isArray(out) ? out.map((one) => backend.symbol(one)) : backend.symbol(out as Symbolic)
      },
    })
  }
}

const symbolic = (info: tf.TensorInfo): Symbolic => ({ value: backend.value(info), dtype: info.dtype })

/** A tensor that stands for `value` inside a recording. */
export function tensorOf(value: Value): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend.symbol({ value, dtype: value.type as tf.DataType }))
}

export const valueOfTensor = (tensor: tf.TensorInfo): Value => backend.value(tensor)

/**
 * Runs `body` once with TensorFlow.js's operations recorded instead of computed. Variables are found afterwards as
 * they were before, whatever the body assigned; what it assigned is in `recording.variables`.
 */
export function record<T>(body: (recording: Recording) => T): { recording: Recording; result: T } {
  register()
  if (backend.recording) throw refuse('a traced function traces another one', 'Call the plain function inside, and jit the outer one only.')
  const engine = tf.engine()
  const eager = tf.getBackend()
  const recording = new Recording()
  // A second reference keeps the variables' data alive when the body assigns them.
  const kept = new Map([...recording.before.keys()].map((variable) => [variable, engine.keep(variable.clone())]))
  backend.recording = recording
  // Both backends are there already, so the switch happens before the promise is made.
  void tf.setBackend(name)
  engine.startScope('jit')
  let first: Map<tf.Variable, Value> | undefined
  try {
    const result = body(recording)
    first = noteAssignments(recording)
    return { recording, result }
  } finally {
    engine.endScope()
    backend.recording = undefined
    void tf.setBackend(eager)
    for (const [variable, tensor] of kept) {
      // Only then: a backend may have copied, and other data would count as a new assignment.
      if (!variable.isDisposed && variable.dataId !== recording.before.get(variable)) variable.assign(tensor)
      tensor.dispose()
    }
    for (const [variable, value] of first ?? []) tf.tidy(() => variable.assign(concrete(value, variable.dtype)))
    backend.clear()
  }
}

/** What became of each variable; returns the first values of those that the recording created. */
function noteAssignments(recording: Recording): Map<tf.Variable, Value> {
  const first = new Map<tf.Variable, Value>()
  for (const variable of Object.values(tf.engine().registeredVariables)) {
    const value = backend.values.get(variable.dataId)
    const isNew = !recording.before.has(variable)
    if (!value || (!isNew && value === recording.variables.get(variable)?.input)) continue
    const traced = recording.traced(variable)
    if (!isNew || (traced.input && value !== traced.input)) traced.output = value
    if (isNew) first.set(variable, traced.initial ?? value)
  }
  for (const value of first.values()) {
    if (value.fill === undefined && !value.data) {
      throw refuse('a variable is created from values that jit is tracing', 'Create the variable before, and assign it inside.')
    }
  }
  return first
}

function concrete({ shape, fill, data }: Value, dtype: tf.DataType): tf.Tensor {
  return data ? tf.tensor(data as Float32Array, [...shape], dtype) : tf.fill([...shape], fill!, dtype as 'float32')
}
