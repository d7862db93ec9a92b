import type { Graph, Value } from '../graph.ts'
import { axisOf, type Call, castTo, type Lowering, numeric, operand, symbolic } from './lowering.ts'
import { concatenate, cut } from './shapes.ts'

/** TensorFlow.js adds up truth values as integers. */
const addable = (call: Call): Value => {
  const x = operand(call, 'x')
  return x.type === 'bool' ? castTo(call.graph, x, 'int32') : x
}

const cumulativeSum: Lowering = (call) => {
  const x = addable(call)
  const { axis, exclusive, reverse } = call.attributes
  const along = call.graph.constant('int64', [], BigInt64Array.of(BigInt(axisOf(axis, x.shape.length))))
  const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) }
  return symbolic(call.graph.op('CumSum', [x, along], x.type, x.shape, { attributes }))
}

/** Everything moved along an axis by some places, ones coming in: forwards, or backwards if `reverse`. */
function shifted(graph: Graph, x: Value, axis: number, places: number, reverse: boolean): Value {
  const count = Math.min(places, x.shape[axis]!)
  const side = (length: number) => x.shape.map((old, at) => (at === axis ? length : old))
  const ones = graph.fill(x.type, side(count), 1)
  if (count === x.shape[axis]) return ones
  const begin = x.shape.map((_, at) => (at === axis && reverse ? count : 0))
  const kept = side(x.shape[axis]! - count)
  const rest = cut(
    graph,
    x,
    begin,
    begin.map((first, at) => first + kept[at]!),
    begin.map(() => 1),
    kept,
  )
  return concatenate(graph, reverse ? [rest, ones] : [ones, rest], axis)
}

/** Each step doubles how many factors an element holds, so that n elements take log2(n) products. */
const cumulativeProduct: Lowering = (call) => {
  const { graph } = call
  const { exclusive, reverse } = call.attributes
  let x = addable(call)
  const axis = axisOf(call.attributes.axis, x.shape.length)
  if (exclusive) x = shifted(graph, x, axis, 1, reverse)
  for (let places = 1; places < x.shape[axis]!; places *= 2) {
    x = graph.op('Mul', [x, shifted(graph, x, axis, places, reverse)], x.type, x.shape)
  }
  return symbolic(x)
}

const topK: Lowering = (call) => {
  const { graph } = call
  const x = numeric(call, 'x')
  const { k } = call.attributes
  const shape = [...x.shape.slice(0, -1), k]
  const outputs = [
    { type: x.type, shape },
    { type: 'int64' as const, shape },
  ]
  const [values, indices] = graph.ops('TopK', [x, graph.ints([k])], outputs, { attributes: { axis: -1, largest: 1, sorted: 1 } })
  return [symbolic(values!), symbolic(castTo(graph, indices!, 'int32'))]
}

/** Where a value belongs in an ordered row: how many elements are smaller, or no greater. */
const searchSorted: Lowering = (call) => {
  const { graph } = call
  const [row, values] = [numeric(call, 'sortedSequence'), numeric(call, 'values')]
  const [batch, length] = row.shape as [number, number]
  const count = values.shape[1]!
  const shape = [batch, count, length]
  const [each, wanted] = [
    graph.op('Unsqueeze', [row, graph.ints([1])], row.type, [batch, 1, length]),
    graph.op('Unsqueeze', [values, graph.ints([2])], values.type, [batch, count, 1]),
  ]
  const before = graph.op(call.attributes.side === 'left' ? 'Less' : 'LessOrEqual', [each, wanted], 'bool', shape)
  return symbolic(
    graph.op('ReduceSum', [castTo(graph, before, 'int32'), graph.ints([2])], 'int32', [batch, count], { attributes: { keepdims: 0 } }),
  )
}

/** Functions whose elements depend on those before them along an axis, or on their order. */
export const scanLowerings = {
  Cumprod: cumulativeProduct,
  Cumsum: cumulativeSum,
  SearchSorted: searchSorted,
  TopK: topK,
} satisfies Record<string, Lowering>
