import * as tf from '@tensorflow/tfjs-core'

type Kernel = tf.KernelConfig['kernelFunc']
type Arguments = Parameters<Kernel>[0]

const repaired = new Set<string>()

/** Replaces a kernel once, or adds it where the backend has none. */
function repair(backendName: string, kernelName: string, make: (original: Kernel | undefined) => Kernel): void {
  const key = `${backendName} ${kernelName}`
  if (repaired.has(key)) return
  repaired.add(key)
  const original = tf.getKernel(kernelName, backendName)
  if (original) tf.unregisterKernel(kernelName, backendName)
  tf.registerKernel({ ...original, backendName, kernelName, kernelFunc: make(original?.kernelFunc) })
}

/** What a kernel is made of: other kernels of its backend, whose results are freed but for the last. */
class Steps {
  readonly #backend: Arguments['backend'] & Partial<tf.KernelBackend>
  readonly #name: string
  readonly #made: tf.TensorInfo[] = []

  constructor(name: string, backend: unknown) {
    this.#name = name
    this.#backend = backend as tf.KernelBackend
  }

  run(kernel: string | Kernel, inputs: Record<string, tf.TensorInfo>, attrs: object = {}): tf.TensorInfo {
    const func = typeof kernel === 'string' ? tf.getKernel(kernel, this.#name).kernelFunc : kernel
    const result = func({ inputs, backend: this.#backend, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo
    this.#made.push(result)
    return result
  }

  scalar(value: number): tf.TensorInfo {
    const info = { dataId: this.#backend.write!(Float32Array.of(value), [], 'float32'), shape: [], dtype: 'float32' as const }
    this.#made.push(info)
    return info
  }

  end(result: tf.TensorInfo): tf.TensorInfo {
    for (const info of this.#made) if (info !== result) this.#backend.disposeData!(info.dataId)
    return result
  }
}

/** cpu needs a pass over everything for each segment, wasm has no such kernel: it is the gradient of a look-up. */
export function repairSegmentSum(backendName: string): void {
  repair(backendName, 'UnsortedSegmentSum', () => ({ inputs, backend, attrs }) => {
    const { x, segmentIds } = inputs as Record<'x' | 'segmentIds', tf.TensorInfo>
    const { readSync, write } = methods(backend)
    const numSegments = attrs!.numSegments as number
    const ids = readSync(segmentIds.dataId) as Int32Array
    const values = readSync(x.dataId) as Float32Array
    const inner = x.shape.slice(segmentIds.shape.length)
    const width = inner.reduce((product, side) => product * side, 1)
    const shape = [numSegments, ...inner]
    // Of integers too, as in TensorFlow.js.
    const sums = new Float32Array(numSegments * width)
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row]!
      if (id < 0 || id >= numSegments) continue
      for (let at = id * width, from = row * width, end = from + width; from < end; at++, from++) sums[at]! += values[from]!
    }
    return { dataId: write(sums, shape, 'float32'), shape, dtype: 'float32' }
  })
}

function methods(backend: unknown): Pick<tf.KernelBackend, 'readSync' | 'write'> {
  const kernelBackend = backend as tf.KernelBackend
  return { readSync: (id) => kernelBackend.readSync(id), write: (...given) => kernelBackend.write(...given) }
}

/**
 * Repairs what is slow or wrong in TensorFlow.js's WebAssembly kernels (4.22): a product with a transposed factor or a
 * batch takes a scalar path, 15 times slower; a fused product of that kind gives wrong results; tanh is slow; one-hot
 * rows are whole numbers whatever type they are asked in, so that floats are next to 0.
 */
export function repairWasm(): void {
  repairSegmentSum('wasm')
  repair('wasm', 'BatchMatMul', (original) => ({ inputs, backend, attrs }) => {
    const steps = new Steps('wasm', backend)
    return steps.end(product(steps, original!, inputs as Factors, attrs as unknown as Transposes))
  })
  repair('wasm', '_FusedMatMul', () => ({ inputs, backend, attrs }) => {
    const steps = new Steps('wasm', backend)
    const { bias, preluActivationWeights } = inputs as Record<string, tf.TensorInfo>
    const { activation, leakyreluAlpha, transposeA, transposeB } = attrs as unknown as {
      activation?: string
      leakyreluAlpha?: number
    } & Transposes
    let result = steps.run('BatchMatMul', { a: inputs.a!, b: inputs.b! }, { transposeA, transposeB })
    if (bias) result = steps.run('Add', { a: result, b: bias })
    if (activation === 'prelu') result = steps.run('Prelu', { x: result, alpha: preluActivationWeights! })
    else if (activation && activation !== 'linear') result = steps.run(activations[activation]!, { x: result }, { alpha: leakyreluAlpha })
    return steps.end(result)
  })
  repair('wasm', 'OneHot', () => ({ inputs, backend, attrs }) => {
    const { readSync, write } = methods(backend)
    const { depth, onValue, offValue, dtype } = attrs as unknown as OneHotAttributes
    const ids = readSync(inputs.indices!.dataId) as Int32Array
    const shape = [...inputs.indices!.shape, depth]
    const values = tf.util.getTypedArrayFromDType(dtype, ids.length * depth).fill(offValue)
    for (let row = 0; row < ids.length; row++) if (ids[row]! >= 0 && ids[row]! < depth) values[row * depth + ids[row]!] = onValue
    return { dataId: write(values, shape, dtype), shape, dtype }
  })
  repair('wasm', 'Tanh', () => ({ inputs, backend }) => {
    // 2 sigmoid(2 x) - 1
    const steps = new Steps('wasm', backend)
    const two = steps.scalar(2)
    const half = steps.run('Sigmoid', { x: steps.run('Multiply', { a: inputs.x!, b: two }) })
    return steps.end(steps.run('Sub', { a: steps.run('Multiply', { a: half, b: two }), b: steps.scalar(1) }))
  })
}

interface OneHotAttributes {
  depth: number
  onValue: number
  offValue: number
  dtype: 'float32' | 'int32' | 'bool'
}
interface Transposes {
  transposeA: boolean
  transposeB: boolean
}
type Factors = Record<'a' | 'b', tf.TensorInfo>

const activations: Record<string, string> = { relu: 'Relu', relu6: 'Relu6', sigmoid: 'Sigmoid', elu: 'Elu', leakyrelu: 'LeakyRelu' }

/** Factors transposed before, batches one by one: each product takes the fast path. */
function product(steps: Steps, multiply: Kernel, { a, b }: Factors, { transposeA, transposeB }: Transposes): tf.TensorInfo {
  const plain = { transposeA: false, transposeB: false }
  const upright = (x: tf.TensorInfo, transposed: boolean): tf.TensorInfo => {
    if (!transposed) return x
    const perm = x.shape.map((_, axis) => axis)
    perm.push(...perm.splice(-2, 1))
    return steps.run('Transpose', { x }, { perm })
  }
  const [x, y] = [upright(a, transposeA), upright(b, transposeB)]
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(x.shape.slice(0, -2), y.shape.slice(0, -2))
  const [rows, inner, columns] = [x.shape.at(-2)!, x.shape.at(-1)!, y.shape.at(-1)!]
  const batch = tf.util.sizeFromShape(outer)
  if (batch <= 1) return steps.run(multiply, { a: x, b: y }, plain)
  const matrices = (z: tf.TensorInfo, sides: [number, number]) => {
    const whole = tf.util.sizeFromShape(z.shape)
    const count = whole / (sides[0] * sides[1])
    const flat = steps.run('Reshape', { x: z }, { shape: [count * sides[0], sides[1]] })
    return (index: number) => steps.run('Slice', { x: flat }, { begin: [(index % count) * sides[0], 0], size: sides })
  }
  const [left, right] = [matrices(x, [rows, inner]), matrices(y, [inner, columns])]
  const parts = Array.from({ length: batch }, (_, index) => steps.run(multiply, { a: left(index), b: right(index) }, plain))
  // Concat alone takes its inputs as a list.
  const together = steps.run('Concat', parts as unknown as Record<string, tf.TensorInfo>, { axis: 0 })
  return steps.run('Reshape', { x: together }, { shape: [...outer, rows, columns] })
}
