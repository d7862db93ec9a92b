import { util } from '@tensorflow/tfjs-core'
import type { Value } from '../graph.ts'
import { axisOf, type Call, castTo, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'

function reduced(call: Call, operator: string, x: Value): Value {
  const { axis, reductionIndices, keepDims } = call.attributes
  const axes = util.parseAxisParam(reductionIndices ?? axis, x.shape as number[])
  const shape = x.shape.flatMap((side, at) => (axes.includes(at) ? (keepDims ? [1] : []) : [side]))
  if (axes.length === 0) return x
  const kept = x.shape.map((side, at) => (axes.includes(at) ? 1 : side))
  // One form for both, so that a sum that is needed twice is computed once.
  const sum = call.graph.op(operator, [x, call.graph.ints(axes)], x.type, kept, { attributes: { keepdims: 1 } })
  return reshapeTo(call.graph, sum, shape)
}

const reduction =
  (operator: string): Lowering =>
  (call) => {
    const x = operand(call, 'x')
    return symbolic(reduced(call, operator, x.type === 'bool' ? castTo(call.graph, x, 'int32') : x))
  }

const mean: Lowering = (call) => symbolic(reduced(call, 'ReduceMean', castTo(call.graph, operand(call, 'x'), 'float32')))

const truth =
  (operator: string): Lowering =>
  (call) =>
    symbolic(castTo(call.graph, reduced(call, operator, castTo(call.graph, operand(call, 'x'), 'int32')), 'bool'))

const argument =
  (operator: string): Lowering =>
  (call) => {
    const { graph } = call
    const x = operand(call, 'x')
    const axis = util.parseAxisParam(call.attributes.axis, x.shape as number[])[0]!
    const shape = x.shape.filter((_, at) => at !== axis)
    return symbolic(castTo(graph, graph.op(operator, [x], 'int64', shape, { attributes: { axis, keepdims: 0 } }), 'int32'))
  }

const softmax: Lowering = (call) => {
  const x = operand(call, 'logits')
  const axis = axisOf(call.attributes.dim, x.shape.length)
  return symbolic(call.graph.op('Softmax', [x], x.type, x.shape, { attributes: { axis } }))
}

const logSoftmax: Lowering = (call) => {
  const x = operand(call, 'logits')
  const axis = axisOf(call.attributes.axis, x.shape.length)
  return symbolic(call.graph.op('LogSoftmax', [x], x.type, x.shape, { attributes: { axis } }))
}

const cumulativeSum: Lowering = (call) => {
  const x = operand(call, 'x')
  const { axis, exclusive, reverse } = call.attributes
  const along = call.graph.constant('int64', [], BigInt64Array.of(BigInt(axisOf(axis, x.shape.length))))
  return symbolic(
    call.graph.op('CumSum', [x, along], x.type, x.shape, { attributes: { exclusive: Number(exclusive), reverse: Number(reverse) } }),
  )
}

/** Functions that go along one or more axes. */
export const reductionLowerings = {
  All: truth('ReduceMin'),
  Any: truth('ReduceMax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Cumsum: cumulativeSum,
  LogSoftmax: logSoftmax,
  Max: reduction('ReduceMax'),
  Mean: mean,
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Softmax: softmax,
  Sum: reduction('ReduceSum'),
} satisfies Record<string, Lowering>
