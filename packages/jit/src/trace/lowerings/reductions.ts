import { util } from '@tensorflow/tfjs-core'
import { sizeOf, type Value } from '../graph.ts'
import { axisOf, type Call, castTo, type Lowering, numeric, operand, reshapeTo, symbolic } from './lowering.ts'

interface Reduced {
  readonly value: Value
  /** The axes that were folded. */
  readonly axes: readonly number[]
}

function reduced(call: Call, operator: string, x: Value): Reduced {
  const { axis, reductionIndices, keepDims } = call.attributes
  const axes = util.parseAxisParam(reductionIndices ?? axis, x.shape as number[])
  const shape = x.shape.flatMap((side, at) => (axes.includes(at) ? (keepDims ? [1] : []) : [side]))
  if (axes.length === 0) return { value: x, axes }
  if (sizeOf(x.shape) === 0) return { value: call.graph.fill(x.type, shape, ofNothing[operator]!), axes }
  const kept = x.shape.map((side, at) => (axes.includes(at) ? 1 : side))
  // One form for both, so that a sum that is needed twice is computed once.
  const sum = call.graph.op(operator, [x, call.graph.ints(axes)], x.type, kept, { attributes: { keepdims: 1 } })
  return { value: reshapeTo(call.graph, sum, shape), axes }
}

/** What TensorFlow.js makes of no element. */
const ofNothing: Record<string, number> = { ReduceSum: 0, ReduceMean: 0, ReduceProd: 1, ReduceMax: Number.NaN, ReduceMin: Number.NaN }

const sum =
  (operator: string): Lowering =>
  (call) => {
    const x = operand(call, 'x')
    return symbolic(reduced(call, operator, x.type === 'bool' ? castTo(call.graph, x, 'int32') : x).value)
  }

/** ONNX Runtime passes over NaN, TensorFlow.js keeps it. */
const extreme =
  (operator: string): Lowering =>
  (call) => {
    const { graph } = call
    const x = operand(call, 'x')
    if (x.type === 'bool') return symbolic(castTo(graph, reduced(call, operator, castTo(graph, x, 'int32')).value, 'bool'))
    const { value, axes } = reduced(call, operator, x)
    if (x.type !== 'float32' || axes.length === 0 || value.fill !== undefined) return symbolic(value)
    const unknown = reduced(call, 'ReduceMax', graph.op('IsNaN', [x], 'bool', x.shape)).value
    return symbolic(graph.op('Where', [unknown, graph.scalar('float32', Number.NaN), value], 'float32', value.shape))
  }

const mean: Lowering = (call) => symbolic(reduced(call, 'ReduceMean', castTo(call.graph, operand(call, 'x'), 'float32')).value)

const truth =
  (operator: string): Lowering =>
  (call) => {
    const x = operand(call, 'x')
    const { value } = reduced(call, operator, castTo(call.graph, x, 'int32'))
    return symbolic(sizeOf(x.shape) === 0 ? call.graph.fill('bool', value.shape, 0) : castTo(call.graph, value, 'bool'))
  }

const argument =
  (operator: string): Lowering =>
  (call) => {
    const { graph } = call
    const { value, dtype } = call.inputs.x!
    const x = dtype === 'bool' ? castTo(graph, value, 'int32') : value
    const axis = util.parseAxisParam(call.attributes.axis, x.shape as number[])[0]!
    const shape = x.shape.filter((_, at) => at !== axis)
    if (sizeOf(x.shape) === 0) return symbolic(graph.fill('int32', shape, 0))
    return symbolic(castTo(graph, graph.op(operator, [x], 'int64', shape, { attributes: { axis, keepdims: 0 } }), 'int32'))
  }

const softmax: Lowering = (call) => {
  const x = numeric(call, 'logits')
  const axis = axisOf(call.attributes.dim, x.shape.length)
  return symbolic(call.graph.op('Softmax', [castTo(call.graph, x, 'float32')], 'float32', x.shape, { attributes: { axis } }))
}

/** Functions that fold one or more axes, or go along one. */
export const reductionLowerings = {
  All: truth('ReduceMin'),
  Any: truth('ReduceMax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Max: extreme('ReduceMax'),
  Mean: mean,
  Min: extreme('ReduceMin'),
  Prod: sum('ReduceProd'),
  Softmax: softmax,
  Sum: sum('ReduceSum'),
} satisfies Record<string, Lowering>
