import type { DataType } from '@tensorflow/tfjs-core'
import { type Graph, sameShape, type Value, type ValueType } from '../graph.ts'
import { refuseKernel } from '../refuse.ts'

/** A tensor inside a recording: the value, and the type that TensorFlow.js takes it for. */
export interface Symbolic {
  readonly value: Value
  readonly dtype: DataType
}

/** What a lowering is given: a kernel's inputs and attributes, as TensorFlow.js has them. */
export interface Call {
  readonly graph: Graph
  readonly kernel: string
  readonly inputs: Readonly<Record<string, Symbolic | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: each kernel has attributes of its own, which TensorFlow.js does not type here
  readonly attributes: any
}

/** Appends the nodes that do what a kernel does. */
export type Lowering = (call: Call) => Symbolic | Symbolic[]

export const operand = (call: Call, input: string): Value => call.inputs[input]!.value

/** The inputs of a kernel that takes a list of tensors. */
export const listOf = (call: Call): Symbolic[] => Object.values(call.inputs) as Symbolic[]

export const symbolic = (value: Value, dtype: DataType = value.type as DataType): Symbolic => ({ value, dtype })

/** Refuses tensors of other types than these. */
export function allow(call: Call, input: string, ...types: readonly DataType[]): Value {
  const { value, dtype } = call.inputs[input]!
  if (types.includes(dtype)) return value
  throw refuseKernel(call.kernel, `is given a tensor of type ${dtype} (${input}), and is traced for ${types.join(' and ')} only`)
}

/** An input that must hold numbers. */
export function numeric(call: Call, input: string): Value {
  const { value, dtype } = call.inputs[input]!
  if (dtype !== 'bool') return value
  throw refuseKernel(call.kernel, 'is given truth values, with which TensorFlow.js computes as with bytes; cast them first')
}

/** Numbers of ONNX's element types. */
const onnxNumbers: Record<ValueType, number> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11, int8: 3, uint8: 2 }

const directCast = (graph: Graph, value: Value, type: ValueType): Value =>
  graph.op('Cast', [value], type, value.shape, { attributes: { to: onnxNumbers[type] } })

/** The value as JavaScript's typed arrays keep it: modulo 2^32 as int32, NaN and infinities as 0. */
export function castTo(graph: Graph, value: Value, type: ValueType): Value {
  if (value.type === type) return value
  if (value.fill !== undefined) return graph.fill(type, value.shape, stored(value.fill, type))
  const isFloat = value.type === 'float32' || value.type === 'float64'
  if (!isFloat || type !== 'int32') return directCast(graph, value, type)
  // A processor's own conversion gives the least integer for whatever does not fit, and each another for NaN.
  const limit = graph.scalar(value.type, value.type === 'float32' ? 2 ** 63 : Number.POSITIVE_INFINITY)
  const zero = graph.scalar(value.type, 0)
  const size = graph.op('Abs', [value], value.type, value.shape)
  const fits = graph.op('Less', [size, limit], 'bool', value.shape)
  let bounded = graph.op('Where', [fits, value, zero], value.type, value.shape)
  // Floats above 2^63 are multiples of 2^32, doubles are not.
  if (value.type === 'float64')
    bounded = graph.op('Mod', [bounded, graph.scalar('float64', 2 ** 32)], value.type, value.shape, { attributes: { fmod: 1 } })
  const whole = directCast(graph, bounded, 'int64')
  // Without this ONNX Runtime makes one conversion of the two.
  const low = graph.constant('int64', [], BigInt64Array.of(0xffff_ffffn))
  return directCast(graph, graph.op('BitwiseAnd', [whole, low], 'int64', value.shape), 'int32')
}

const views = { float32: Float32Array, float64: Float64Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array } as const

/** A number as an element of that type holds it. */
export function stored(value: number, type: ValueType): number {
  if (type === 'bool') return Number(value !== 0)
  return type === 'int64' ? Math.trunc(value) : views[type].of(value)[0]!
}

export function reshapeTo(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value
  if (value.fill !== undefined) return graph.fill(value.type, shape, value.fill)
  if (value.data) return graph.constant(value.type, shape, value.data)
  // A zero side must be told apart from ONNX's "as in the input".
  if (value.node?.operator === 'Reshape') return reshapeTo(graph, value.node.inputs[0]!, shape)
  return graph.op('Reshape', [value, graph.ints(shape)], value.type, shape, { attributes: { allowzero: 1 } })
}

export function transposeBy(graph: Graph, value: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => value.shape[axis]!)
  if (perm.every((axis, index) => axis === index)) return value
  if (value.fill !== undefined) return graph.fill(value.type, shape, value.fill)
  // Sides of one may move freely: what is left of the order decides.
  const order = perm.filter((axis) => value.shape[axis] !== 1)
  if (order.every((axis, index) => index === 0 || axis > order[index - 1]!)) return reshapeTo(graph, value, shape)
  const before = value.node
  if (before?.operator === 'Transpose') {
    const first = before.attributes.perm as readonly number[]
    return transposeBy(
      graph,
      before.inputs[0]!,
      perm.map((axis) => first[axis]!),
    )
  }
  return graph.op('Transpose', [value], value.type, shape, { attributes: { perm: [...perm] } })
}

export function expandTo(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value
  if (value.fill !== undefined) return graph.fill(value.type, shape, value.fill)
  return graph.op('Expand', [value, graph.ints(shape)], value.type, shape)
}

export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [a[a.length - rank + axis] ?? 1, b[b.length - rank + axis] ?? 1]
    return x === 1 ? y : x
  })
}

/**
 * The smallest form of `value` that gives the same result next to `other` in an elementwise operation: one number
 * instead of a tensor of equal ones, a column instead of its repetition.
 */
export function narrow(graph: Graph, value: Value, other: Value, shape: readonly number[]): Value {
  if (value.fill !== undefined && sameShape(broadcastShape([], other.shape), shape)) return graph.fill(value.type, [], value.fill)
  if (value.node?.operator === 'Expand') {
    const small = value.node.inputs[0]!
    if (sameShape(broadcastShape(small.shape, other.shape), shape)) return small
  }
  return value
}

/** ONNX axes counted from 0. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)
