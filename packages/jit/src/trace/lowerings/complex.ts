import { util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { elementwise } from './binary.ts'
import { type Call, castTo, type Lowering, listOf, operand, reshapeTo, type Symbolic, symbolic } from './lowering.ts'
import { concatenate, cut } from './shapes.ts'

// A complex tensor is a float tensor with one axis more, of two: its real and its imaginary parts.

const complex = (value: Value): Symbolic => ({ value, dtype: 'complex64' })

/** The shape that a tensor has for TensorFlow.js. */
export const shapeOf = ({ value, dtype }: Symbolic): number[] => value.shape.slice(0, dtype === 'complex64' ? -1 : undefined)

function joined(graph: Graph, real: Value, imaginary: Value): Value {
  const each = (part: Value) => reshapeTo(graph, part, [...part.shape, 1])
  return concatenate(graph, [each(real), each(imaginary)], real.shape.length)
}

function part(graph: Graph, value: Value, index: 0 | 1): Value {
  const shape = value.shape.slice(0, -1)
  const begin = [...shape.map(() => 0), index]
  const one = [...shape, 1]
  const strides = one.map(() => 1)
  return reshapeTo(
    graph,
    cut(
      graph,
      value,
      begin,
      begin.map((first, at) => first + one[at]!),
      strides,
      one,
    ),
    shape,
  )
}

/** A tensor of any type as a complex one. */
function asComplex(graph: Graph, { value, dtype }: Symbolic): Value {
  if (dtype === 'complex64') return value
  const real = castTo(graph, value, 'float32')
  return joined(graph, real, graph.fill('float32', real.shape, 0))
}

const pair = (call: Call): [Value, Value] => [asComplex(call.graph, call.inputs.a!), asComplex(call.graph, call.inputs.b!)]

const sum =
  (operator: 'Add' | 'Sub'): Lowering =>
  (call) =>
    complex(elementwise(call.graph, operator, ...pair(call)))

const multiply: Lowering = (call) => {
  const { graph } = call
  const [a, b] = pair(call)
  const of = (x: 0 | 1, y: 0 | 1) => elementwise(graph, 'Mul', part(graph, a, x), part(graph, b, y))
  const [real, imaginary] = [elementwise(graph, 'Sub', of(0, 0), of(1, 1)), elementwise(graph, 'Add', of(0, 1), of(1, 0))]
  return complex(joined(graph, real, imaginary))
}

const cast: Lowering = (call) => {
  const { dtype } = call.attributes
  const x = call.inputs.x!
  if (dtype === 'complex64') return complex(asComplex(call.graph, x))
  return symbolic(castTo(call.graph, part(call.graph, x.value, 0), dtype), dtype)
}

const reshape: Lowering = (call) => {
  const { value } = call.inputs.x!
  const shape = util.inferFromImplicitShape(call.attributes.shape, sizeOf(value.shape) / 2)
  return complex(reshapeTo(call.graph, value, [...shape, 2]))
}

const concat: Lowering = (call) => {
  const values = listOf(call).map((tensor) => asComplex(call.graph, tensor))
  const axis = util.parseAxisParam(call.attributes.axis, values[0]!.shape.slice(0, -1))[0]!
  return complex(concatenate(call.graph, values, axis))
}

/** Along the last axis. */
const fourier =
  (inverse: 0 | 1): Lowering =>
  (call) => {
    const { graph } = call
    const x = asComplex(graph, call.inputs.input!)
    // ONNX Runtime wants an axis for a batch.
    const rows = reshapeTo(graph, x, [sizeOf(x.shape.slice(0, -2)), ...x.shape.slice(-2)])
    const transformed = graph.op('DFT', [rows, undefined, graph.constant('int64', [], BigInt64Array.of(1n))], x.type, rows.shape, {
      attributes: { inverse, onesided: 0 },
    })
    return complex(reshapeTo(graph, transformed, x.shape))
  }

const absolute: Lowering = (call) => {
  const { graph } = call
  const x = operand(call, 'x')
  const shape = x.shape.slice(0, -1)
  const sum = graph.op('ReduceL2', [x, graph.ints([shape.length])], 'float32', [...shape, 1], { attributes: { keepdims: 1 } })
  return symbolic(reshapeTo(graph, sum, shape))
}

/** What makes complex tensors. */
export const complexSources = {
  Complex: (call) => complex(joined(call.graph, operand(call, 'real'), operand(call, 'imag'))),
  FFT: fourier(0),
  IFFT: fourier(1),
} satisfies Record<string, Lowering>

/** What can be done with complex tensors. */
export const complexLowerings: Record<string, Lowering> = {
  ...complexSources,
  Add: sum('Add'),
  Cast: cast,
  ComplexAbs: absolute,
  Concat: concat,
  Identity: (call) => call.inputs.x!,
  Imag: (call) => symbolic(part(call.graph, operand(call, 'input'), 1)),
  Multiply: multiply,
  Real: (call) => symbolic(part(call.graph, operand(call, 'input'), 0)),
  Reshape: reshape,
  Sub: sum('Sub'),
}
