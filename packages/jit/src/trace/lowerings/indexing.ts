import { backend_util, type Tensor, util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { refuse } from '../refuse.ts'
import { elementwise } from './binary.ts'
import { allow, type Call, castTo, expandTo, type Lowering, numeric, operand, reshapeTo, symbolic } from './lowering.ts'
import { cut } from './shapes.ts'

interface LookedUp {
  /** Indices that raise an error where there is no such row. */
  readonly indices: Value
  readonly rows: number
}

/** Which indices of a graph are looked up, by the tensor they come from. */
const lookedUp = new WeakMap<Value, LookedUp>()

/** Indices that were split before parts of them were looked up, all of them checked at once. */
const splitBefore = new WeakMap<Value, { readonly indices: Value; readonly parts: readonly Value[] }>()

/** Where indices came from before they were reshaped. */
const source = (value: Value): Value => (value.node?.operator === 'Reshape' ? source(value.node.inputs[0]!) : value)

/** Indices as they were looked up in `rows` rows at the most, alone, in parts or joined to others; undefined if they were not. */
function asLookedUp(graph: Graph, value: Value, rows: number): Value | undefined {
  const base = source(value)
  const known = lookedUp.get(base)
  if (known) return known.rows <= rows ? known.indices : undefined
  const whole = splitBefore.get(base)
  if (whole?.parts.every((part) => (lookedUp.get(part)?.rows ?? rows + 1) <= rows)) return whole.indices
  if (base.node?.operator !== 'Concat') return undefined
  const parts = base.node.inputs.map((part) => {
    const found = asLookedUp(graph, part!, rows)
    return found && reshapeTo(graph, found, part!.shape)
  })
  if (parts.includes(undefined)) return undefined
  return graph.op('Concat', parts, base.type, base.shape, { attributes: base.node.attributes })
}

/** Above every index there can be, also after some number of rows is added to it. */
const nowhere = 2 ** 30

/**
 * Indices that ONNX Runtime raises an error for where TensorFlow.js does: it takes negative ones for places counted from
 * the end, and finds those beyond the end itself. Constants are looked at here.
 */
export function checked(call: Call, indices: Value, size: number): Value {
  const { graph } = call
  const values = indices.data ?? (indices.fill === undefined || sizeOf(indices.shape) === 0 ? [] : [indices.fill])
  for (const index of values) {
    if (Number(index) < 0 || Number(index) >= size) {
      throw refuse(`${call.kernel}: the index ${index} is not in [0, ${size - 1}]`, 'Give indices that are there.', undefined, 'operations')
    }
  }
  if (indices.data || indices.fill !== undefined) return indices
  const negative = graph.op('Less', [indices, graph.scalar(indices.type, 0)], 'bool', indices.shape)
  return graph.op('Where', [negative, graph.scalar(indices.type, nowhere), indices], indices.type, indices.shape)
}

/** Parts of indices that were split are checked before: one pass instead of one a part. */
function checkedInWhole(call: Call, indices: Value, size: number): Value {
  const { graph } = call
  const split = indices.node
  if (split?.operator !== 'Split') return checked(call, indices, size)
  const [given, sizes] = split.inputs as [Value, Value]
  const whole = source(given)
  if (whole.data || whole.fill !== undefined) return checked(call, indices, size)
  const safe = checked(call, whole, size)
  splitBefore.set(whole, { indices: safe, parts: split.outputs })
  const parts = graph.ops('Split', [reshapeTo(graph, safe, given.shape), sizes], split.outputs, { attributes: split.attributes })
  return parts[split.outputs.indexOf(indices)]!
}

const gather: Lowering = (call) => {
  const { graph } = call
  const [x, indices] = [operand(call, 'x'), castTo(graph, numeric(call, 'indices'), 'int32')]
  const { axis, batchDims = 0 } = call.attributes
  const along = util.parseAxisParam(axis, x.shape as number[])[0]!
  const rows = x.shape[along]!
  const { dtype } = call.inputs.x!
  if (batchDims) return symbolic(gatherInBatches(call, x, indices, along, batchDims), dtype)
  const base = source(indices)
  const safe = checkedInWhole(call, base, rows)
  lookedUp.set(base, { indices: safe, rows })
  const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)]
  return symbolic(graph.op('Gather', [x, reshapeTo(graph, safe, indices.shape)], x.type, shape, { attributes: { axis: along } }), dtype)
}

/** Each batch has indices of its own: a look-up in the rows of all batches together. */
function gatherInBatches(call: Call, x: Value, indices: Value, axis: number, batchDims: number): Value {
  const { graph } = call
  const facts = backend_util.segment_util.collectGatherOpShapeInfo(x as unknown as Tensor, indices as unknown as Tensor, axis, batchDims)
  const { batchSize, outerSize, dimSize, sliceSize, outputShape } = facts
  const count = sizeOf(indices.shape) / batchSize
  const first = Int32Array.from({ length: batchSize * outerSize }, (_, at) => at * dimSize)
  const own = reshapeTo(graph, indices, [batchSize, 1, count])
  const beyond = graph.op('GreaterOrEqual', [own, graph.scalar('int32', dimSize)], 'bool', own.shape)
  const inside = graph.op('Where', [beyond, graph.scalar('int32', nowhere), checked(call, own, dimSize)], 'int32', own.shape)
  const among = elementwise(graph, 'Add', inside, graph.constant('int32', [batchSize, outerSize, 1], first))
  const table = reshapeTo(graph, x, [batchSize * outerSize * dimSize, sliceSize])
  const found = graph.op('Gather', [table, among], x.type, [...among.shape, sliceSize], { attributes: { axis: 0 } })
  return reshapeTo(graph, found, outputShape)
}

/** Indices as ONNX's operators for places want them, [places, coordinates], and checked. */
function coordinates(call: Call, input: string, shape: readonly number[]): Value {
  const { graph } = call
  const indices = castTo(graph, numeric(call, input), 'int32')
  const rank = indices.shape.length
  const upright = rank > 1 ? indices : reshapeTo(graph, indices, [sizeOf(indices.shape), 1])
  return castTo(graph, checked(call, upright, Math.max(...shape)), 'int64')
}

const gatherNd: Lowering = (call) => {
  const { graph } = call
  const params = operand(call, 'params')
  const indices = castTo(graph, numeric(call, 'indices'), 'int32')
  const resultShape = [...indices.shape.slice(0, -1), ...params.shape.slice(indices.shape.at(-1)!)]
  const places = castTo(graph, checked(call, indices, Math.max(...params.shape)), 'int64')
  return symbolic(graph.op('GatherND', [params, places], params.type, resultShape), call.inputs.params!.dtype)
}

/** The gradient of a look-up: rows are added where they came from. Those of other segments are dropped. */
const segmentSum: Lowering = (call) => {
  const { graph } = call
  const x = castTo(graph, numeric(call, 'x'), 'float32')
  const segments = castTo(graph, numeric(call, 'segmentIds'), 'int32')
  const count = call.attributes.numSegments as number
  const row = x.shape.slice(segments.shape.length)
  const scatter = (ids: Value, rows: number) => {
    const zeros = expandTo(graph, graph.fill('float32', [], 0), [rows, ...row])
    const places = reshapeTo(graph, castTo(graph, ids, 'int64'), [...segments.shape, 1])
    return graph.op('ScatterND', [zeros, places, x], 'float32', zeros.shape, { attributes: { reduction: 'add' } })
  }
  // The look-up that this is the gradient of raises an error for others already.
  const known = asLookedUp(graph, segments, count)
  if (known) return symbolic(scatter(known, count))
  const negative = graph.op('Less', [segments, graph.scalar('int32', 0)], 'bool', segments.shape)
  const bounded = graph.op('Min', [segments, graph.scalar('int32', count)], 'int32', segments.shape)
  const ids = graph.op('Where', [negative, graph.scalar('int32', count), bounded], 'int32', segments.shape)
  const begin = [0, ...row.map(() => 0)]
  const shape = [count, ...row]
  return symbolic(
    cut(
      graph,
      scatter(ids, count + 1),
      begin,
      shape,
      begin.map(() => 1),
      shape,
    ),
  )
}

const scatterNd: Lowering = (call) => {
  const { graph } = call
  const updates = numeric(call, 'updates')
  const { shape } = call.attributes
  const zeros = graph.fill(updates.type, shape, 0)
  const places = coordinates(call, 'indices', shape)
  return symbolic(graph.op('ScatterND', [zeros, places, updates], updates.type, shape, { attributes: { reduction: 'add' } }))
}

const scatterUpdate: Lowering = (call) => {
  const { graph } = call
  const { value: tensor, dtype } = call.inputs.tensor!
  const places = coordinates(call, 'indices', tensor.shape)
  return symbolic(graph.op('ScatterND', [tensor, places, operand(call, 'updates')], tensor.type, tensor.shape), dtype)
}

const sparseToDense: Lowering = (call) => {
  const { graph } = call
  const { value, dtype } = call.inputs.sparseValues!
  const shape = call.attributes.outputShape as number[]
  const places = coordinates(call, 'sparseIndices', shape)
  const updates = value.shape.length === 0 ? expandTo(graph, value, [places.shape[0]!]) : value
  const ground = expandTo(graph, castTo(graph, operand(call, 'defaultValue'), value.type), shape)
  return symbolic(graph.op('ScatterND', [ground, places, updates], value.type, shape), dtype)
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

/** How often each number occurs in each row, or the sum of its weights; numbers too large are left out. */
const count: Lowering = (call) => {
  const { graph } = call
  const x = allow(call, 'x', 'int32')
  const weights = numeric(call, 'weights')
  const { size, binaryOutput = false } = call.attributes
  const [rows, columns] = x.shape.length === 1 ? [1, x.shape[0]!] : (x.shape as [number, number])
  const bounded = graph.op('Min', [x, graph.scalar('int32', size)], 'int32', x.shape)
  const places = reshapeTo(graph, checked(call, bounded, size + 1), [rows, columns])
  const each =
    sizeOf(weights.shape) === 0 || binaryOutput ? graph.fill(weights.type, [rows, columns], 1) : reshapeTo(graph, weights, [rows, columns])
  const zeros = graph.fill(weights.type, [rows, size + 1], 0)
  const reduction = binaryOutput ? 'none' : 'add'
  const sums = graph.op('ScatterElements', [zeros, places, each], weights.type, zeros.shape, { attributes: { axis: 1, reduction } })
  const counts = cut(graph, sums, [0, 0], [rows, size], [1, 1], [rows, size])
  return symbolic(x.shape.length === 1 ? reshapeTo(graph, counts, [size]) : counts)
}

/** The shape that two shapes broadcast to, all of them tensors; an error where they don't. */
const broadcastArguments: Lowering = (call) => {
  const { graph } = call
  const [a, b] = [numeric(call, 's0'), numeric(call, 's1')]
  const rank = Math.max(a.shape[0]!, b.shape[0]!)
  const aligned = (shape: Value): Value => {
    const missing = rank - shape.shape[0]!
    if (missing === 0) return shape
    return graph.op('Pad', [shape, graph.ints([missing, 0]), graph.scalar('int32', 1)], 'int32', [rank])
  }
  const [x, y] = [aligned(a), aligned(b)]
  const one = graph.scalar('int32', 1)
  const is = (left: Value, right: Value) => graph.op('Equal', [left, right], 'bool', [rank])
  const fits = elementwise(graph, 'Or', is(x, y), elementwise(graph, 'Or', is(x, one), is(y, one), 'bool'), 'bool')
  const result = graph.op('Where', [is(x, one), y, x], 'int32', [rank])
  // Where they don't fit the side is looked up where there is none.
  const range = graph.constant(
    'int32',
    [rank],
    Int32Array.from({ length: rank }, (_, at) => at),
  )
  const places = graph.op('Where', [fits, range, graph.scalar('int32', nowhere)], 'int32', [rank])
  return symbolic(graph.op('Gather', [result, places], 'int32', [rank], { attributes: { axis: 0 } }))
}

/** Functions that look rows up, or put them back. */
export const indexingLowerings = {
  Bincount: count,
  BroadcastArgs: broadcastArguments,
  DenseBincount: count,
  GatherNd: gatherNd,
  GatherV2: gather,
  OneHot: oneHot,
  ScatterNd: scatterNd,
  SparseToDense: sparseToDense,
  TensorScatterUpdate: scatterUpdate,
  UnsortedSegmentSum: segmentSum,
} satisfies Record<string, Lowering>
