import { util } from '@tensorflow/tfjs-core'
import { refuseKernel } from '../refuse.ts'
import { type Call, castTo, expandTo, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'

const gather: Lowering = (call) => {
  const [x, indices] = [operand(call, 'x'), operand(call, 'indices')]
  const { axis, batchDims } = call.attributes
  if (batchDims) throw refuseKernel(call.kernel, `has batchDims ${batchDims}, which has no lowering`)
  const along = util.parseAxisParam(axis, x.shape as number[])[0]!
  const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)]
  return symbolic(call.graph.op('Gather', [x, indices], x.type, shape, { attributes: { axis: along } }), call.inputs.x!.dtype)
}

const gatherNd: Lowering = (call) => {
  const { graph } = call
  const [params, indices] = [operand(call, 'params'), operand(call, 'indices')]
  const depth = indices.shape.at(-1)!
  const resultShape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)]
  return symbolic(graph.op('GatherND', [params, castTo(graph, indices, 'int64')], params.type, resultShape), call.inputs.params!.dtype)
}

/** The gradient of a look-up: rows are added where they came from. */
const segmentSum: Lowering = (call) => {
  const { graph } = call
  const [x, segments] = [operand(call, 'x'), operand(call, 'segmentIds')]
  const shape = [call.attributes.numSegments as number, ...x.shape.slice(segments.shape.length)]
  const zeros = expandTo(graph, graph.fill(x.type, [], 0), shape)
  const indices = reshapeTo(graph, castTo(graph, segments, 'int64'), [...segments.shape, 1])
  return symbolic(graph.op('ScatterND', [zeros, indices, x], x.type, shape, { attributes: { reduction: 'add' } }))
}

const scatterNd: Lowering = (call) => {
  const { graph } = call
  const [indices, updates] = [operand(call, 'indices'), operand(call, 'updates')]
  const { shape } = call.attributes
  const zeros = graph.fill(updates.type, shape, 0)
  const scattered = graph.op('ScatterND', [zeros, castTo(graph, indices, 'int64'), updates], updates.type, shape, {
    attributes: { reduction: 'add' },
  })
  return symbolic(scattered, call.inputs.updates!.dtype)
}

const oneHot: Lowering = (call: Call) => {
  const { graph } = call
  const indices = operand(call, 'indices')
  const { depth, onValue, offValue, dtype = 'float32' } = call.attributes
  const shape = [...indices.shape, depth]
  // ONNX counts negative indices from the end; TensorFlow.js leaves their rows off. Comparing does what is meant.
  const classes = graph.constant(
    'int32',
    [depth],
    Int32Array.from({ length: depth }, (_, index) => index),
  )
  const hit = graph.op('Equal', [reshapeTo(graph, castTo(graph, indices, 'int32'), [...indices.shape, 1]), classes], 'bool', shape)
  if (onValue === 1 && offValue === 0) return symbolic(castTo(graph, hit, dtype), dtype)
  const chosen = graph.op('Where', [hit, graph.scalar('float32', onValue), graph.scalar('float32', offValue)], 'float32', shape)
  return symbolic(castTo(graph, chosen, dtype), dtype)
}

/** Functions that look rows up, or put them back. */
export const indexingLowerings = {
  GatherNd: gatherNd,
  GatherV2: gather,
  OneHot: oneHot,
  ScatterNd: scatterNd,
  UnsortedSegmentSum: segmentSum,
} satisfies Record<string, Lowering>
