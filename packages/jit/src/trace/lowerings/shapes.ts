import { backend_util, slice_util, type Tensor, util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { axisOf, expandTo, type Lowering, listOf, operand, reshapeTo, symbolic, transposeBy } from './lowering.ts'

const reshape: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const shape = util.inferFromImplicitShape(call.attributes.shape, sizeOf(value.shape))
  return symbolic(reshapeTo(call.graph, value, shape), dtype)
}

const expandDims: Lowering = (call) => {
  const { value, dtype } = call.inputs.input!
  const shape = [...value.shape]
  shape.splice(axisOf(call.attributes.dim, shape.length + 1), 0, 1)
  return symbolic(reshapeTo(call.graph, value, shape), dtype)
}

const transpose: Lowering = (call) => symbolic(transposeBy(call.graph, operand(call, 'x'), call.attributes.perm), call.inputs.x!.dtype)

export function concatenate(graph: Graph, values: readonly Value[], axis: number): Value {
  const first = values[0]!
  const parts = values.filter((value) => value.shape[axis]! > 0)
  if (parts.length <= 1) return parts[0] ?? first
  const shape = first.shape.map((side, at) => (at === axis ? values.reduce((sum, value) => sum + value.shape[at]!, 0) : side))
  const whole = splitInOrder(parts, axis)
  if (whole) return whole
  return graph.op('Concat', parts, first.type, shape, { attributes: { axis } })
}

/** The tensor whose parts these are, all of them and in their order: putting them together again gives it back. */
function splitInOrder(parts: readonly Value[], axis: number): Value | undefined {
  const node = parts[0]!.node
  if (node?.operator !== 'Split' || node.attributes.axis !== axis || node.outputs.length !== parts.length) return undefined
  return parts.every((part, index) => node.outputs[index] === part) ? node.inputs[0] : undefined
}

const concat: Lowering = (call) => {
  const tensors = listOf(call)
  const axis = util.parseAxisParam(call.attributes.axis, tensors[0]!.value.shape as number[])[0]!
  const values = tensors.map(({ value }) => value)
  return symbolic(concatenate(call.graph, values, axis), tensors[0]!.dtype)
}

export function split(graph: Graph, value: Value, sizes: readonly number[], axis: number): readonly Value[] {
  if (sizes.length === 1) return [value]
  const shapes = sizes.map((size) => value.shape.map((side, at) => (at === axis ? size : side)))
  if (value.fill !== undefined) return shapes.map((shape) => graph.fill(value.type, shape, value.fill!))
  const node = value.node
  if (node?.operator === 'Concat' && node.attributes.axis === axis && node.inputs.length === sizes.length) {
    if (node.inputs.every((input, index) => input!.shape[axis] === sizes[index])) return node.inputs as readonly Value[]
  }
  return graph.ops(
    'Split',
    [value, graph.ints(sizes)],
    shapes.map((shape) => ({ type: value.type, shape })),
    { attributes: { axis } },
  )
}

const splitV: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const axis = util.parseAxisParam(call.attributes.axis, value.shape as number[])[0]!
  const sizes = backend_util.prepareSplitSize({ shape: value.shape } as Tensor, call.attributes.numOrSizeSplits, axis)
  return split(call.graph, value, sizes, axis).map((part) => symbolic(part, dtype))
}

/** The sides before, at and after an axis, as three: cuts along the axis are the same, and nothing needs a new shape. */
const around = (shape: readonly number[], axis: number): [number, number[]] => [sizeOf(shape.slice(0, axis)), shape.slice(axis)]

const pack: Lowering = (call) => {
  const tensors = listOf(call)
  const { graph } = call
  const { shape, type } = tensors[0]!.value
  const axis = axisOf(call.attributes.axis, shape.length + 1)
  const out = [...shape.slice(0, axis), tensors.length, ...shape.slice(axis)]
  const values = tensors.map(({ value }) => value)
  if (values.every((value) => value.fill !== undefined && value.fill === values[0]!.fill)) {
    return symbolic(graph.fill(type, out, values[0]!.fill!), tensors[0]!.dtype)
  }
  // Rows one below the other: for a stack along the first axis this copies whole tensors.
  const [rows, rest] = around(shape, axis)
  const flat = values.map((value) => reshapeTo(graph, value, axis === 0 ? [rest[0] ?? 1, sizeOf(rest.slice(1))] : [rows, sizeOf(rest)]))
  return symbolic(reshapeTo(graph, concatenate(graph, flat, axis === 0 ? 0 : 1), out), tensors[0]!.dtype)
}

const unpack: Lowering = (call) => {
  const { value, dtype } = call.inputs.value!
  const { graph } = call
  const axis = axisOf(call.attributes.axis, value.shape.length)
  const count = value.shape[axis]!
  const shape = value.shape.filter((_, at) => at !== axis)
  const look = value.node
  if (axis === 0 && look?.operator === 'Gather' && look.attributes.axis === 0 && look.inputs[1]!.shape.length > 1) {
    // Each part looked up by itself: the rows are copied once, not twice.
    const [table, indices] = [look.inputs[0]!, look.inputs[1]!]
    const each = indices.shape.slice(1)
    const size = sizeOf(each)
    const parts = split(graph, reshapeTo(graph, indices, [count * size]), new Array<number>(count).fill(size), 0)
    return parts.map((part) =>
      symbolic(graph.op('Gather', [table, reshapeTo(graph, part, each)], value.type, shape, { attributes: { axis: 0 } }), dtype),
    )
  }
  const [rows, [, ...rest]] = around(value.shape, axis)
  const flat =
    axis === 0
      ? reshapeTo(graph, value, [count * (rest[0] ?? 1), sizeOf(rest.slice(1))])
      : reshapeTo(graph, value, [rows, count * sizeOf(rest)])
  const sizes = new Array<number>(count).fill(axis === 0 ? (rest[0] ?? 1) : sizeOf(rest))
  return split(graph, flat, sizes, axis === 0 ? 0 : 1).map((part) => symbolic(reshapeTo(graph, part, shape), dtype))
}

export function cut(
  graph: Graph,
  x: Value,
  begin: readonly number[],
  end: readonly number[],
  strides: readonly number[],
  shape: readonly number[],
): Value {
  if (x.fill !== undefined) return graph.fill(x.type, shape, x.fill)
  const axes = begin.map((_, axis) => axis)
  return graph.op('Slice', [x, graph.ints(begin), graph.ints(end), graph.ints(axes), graph.ints(strides)], x.type, shape)
}

const slice: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const [begin, size] = slice_util.parseSliceParams({ shape: value.shape } as Tensor, call.attributes.begin, call.attributes.size) as [
    number[],
    number[],
  ]
  if (size.every((side, axis) => side === value.shape[axis])) return symbolic(value, dtype)
  const end = begin.map((first, axis) => first + size[axis]!)
  const ones = begin.map(() => 1)
  return symbolic(cut(call.graph, value, begin, end, ones, size), dtype)
}

const pad: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const { paddings, constantValue } = call.attributes as { paddings: [number, number][]; constantValue: number }
  const shape = value.shape.map((side, axis) => side + paddings[axis]![0] + paddings[axis]![1])
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return symbolic(value, dtype)
  const pads = call.graph.ints([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)])
  return symbolic(call.graph.op('Pad', [value, pads, call.graph.scalar(value.type as 'float32', constantValue)], value.type, shape), dtype)
}

const tile: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const reps = call.attributes.reps as number[]
  const shape = value.shape.map((side, axis) => side * reps[axis]!)
  // Repeating a side of one is a broadcast, which elementwise operations need not carry out.
  if (value.shape.every((side, axis) => side === 1 || reps[axis] === 1)) return symbolic(expandTo(call.graph, value, shape), dtype)
  return symbolic(call.graph.op('Tile', [value, call.graph.ints(reps)], value.type, shape), dtype)
}

const reverse: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const axes = util.parseAxisParam(call.attributes.dims, value.shape as number[])
  if (value.fill !== undefined || axes.length === 0) return symbolic(value, dtype)
  const { graph } = call
  const all = (item: number) => graph.ints(axes.map(() => item))
  return symbolic(graph.op('Slice', [value, all(-1), all(-(2 ** 31)), graph.ints(axes), all(-1)], value.type, value.shape), dtype)
}

/** Functions that move elements without changing them. */
export const shapeLowerings = {
  Concat: concat,
  ExpandDims: expandDims,
  Pack: pack,
  PadV2: pad,
  Reshape: reshape,
  Reverse: reverse,
  Slice: slice,
  SplitV: splitV,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
} satisfies Record<string, Lowering>
