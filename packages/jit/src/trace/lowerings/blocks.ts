import { backend_util, slice_util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { allow, castTo, type Lowering, reshapeTo, symbolic, transposeBy } from './lowering.ts'
import { cut } from './shapes.ts'

const stridedSlice: Lowering = (call) => {
  const { graph } = call
  const { value, dtype } = call.inputs.x!
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = call.attributes
  const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const
  const facts = slice_util.sliceInfo(value.shape as number[], begin, end, strides, ...masks)
  if (facts.isIdentity) return symbolic(reshapeTo(graph, value, facts.finalShape), dtype)
  const size = slice_util.computeOutShape(facts.begin, facts.end, facts.strides)
  if (sizeOf(size) === 0) return symbolic(graph.fill(value.type, facts.finalShape, 0), dtype)
  // One step behind the last element; a step before the first would count from the end.
  const beyond = facts.begin.map((first, axis) => {
    const stride = facts.strides[axis]!
    const last = first + (size[axis]! - 1) * stride
    return stride > 0 ? last + 1 : last === 0 ? -(2 ** 31) : last - 1
  })
  return symbolic(reshapeTo(graph, cut(graph, value, facts.begin, beyond, facts.strides, size), facts.finalShape), dtype)
}

/** Elements picked along an axis, one for each number. */
export function pick(graph: Graph, x: Value, axis: number, places: readonly number[]): Value {
  const shape = x.shape.map((side, at) => (at === axis ? places.length : side))
  const indices = graph.constant('int32', [places.length], Int32Array.from(places))
  return graph.op('Gather', [x, indices], x.type, shape, { attributes: { axis } })
}

const mirrorPad: Lowering = (call) => {
  const { value, dtype } = call.inputs.x!
  const { paddings, mode } = call.attributes as { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }
  const offset = mode === 'reflect' ? 0 : 1
  let x = value
  for (const [axis, [before, after]] of paddings.entries()) {
    if (before === 0 && after === 0) continue
    const side = value.shape[axis]!
    const places = Array.from({ length: before + side + after }, (_, at) => {
      const place = at - before
      return place < 0 ? -place - offset : place >= side ? (side - 1) * 2 - place + offset : place
    })
    x = pick(call.graph, x, axis, places)
  }
  return symbolic(x, dtype)
}

const batchToSpace: Lowering = (call) => {
  const { graph } = call
  const { value, dtype } = call.inputs.x!
  const { blockShape, crops } = call.attributes
  const shape = value.shape as number[]
  const block = sizeOf(blockShape)
  const apart = reshapeTo(graph, value, backend_util.getReshaped(shape, blockShape, block))
  const whole = backend_util.getReshapedPermuted(shape, blockShape, block)
  const joined = reshapeTo(graph, transposeBy(graph, apart, backend_util.getPermuted(apart.shape.length, blockShape.length)), whole)
  const begin = backend_util.getSliceBeginCoords(crops, blockShape.length)
  const size = backend_util.getSliceSize(whole, crops, blockShape.length)
  while (begin.length < whole.length) size.push(whole[begin.push(0) - 1]!)
  if (size.every((side, axis) => side === whole[axis])) return symbolic(joined, dtype)
  const end = begin.map((first, axis) => first + size[axis]!)
  return symbolic(
    cut(
      graph,
      joined,
      begin,
      end,
      begin.map(() => 1),
      size,
    ),
    dtype,
  )
}

const spaceToBatch: Lowering = (call) => {
  const { graph } = call
  const x = allow(call, 'x', 'float32', 'int32')
  const { blockShape, paddings } = call.attributes as { blockShape: number[]; paddings: [number, number][] }
  const block = sizeOf(blockShape)
  const all = x.shape.map((_, axis) => (axis >= 1 && axis <= blockShape.length ? paddings[axis - 1]! : [0, 0]))
  const shape = x.shape.map((side, axis) => side + all[axis]![0]! + all[axis]![1]!)
  const pads = graph.ints([...all.map(([before]) => before!), ...all.map(([, after]) => after!)])
  const wide = all.flat().some((count) => count! > 0) ? graph.op('Pad', [x, pads, graph.scalar(x.type, 0)], x.type, shape) : x
  const apart = reshapeTo(graph, wide, backend_util.getReshaped(shape, blockShape, block, false))
  const perm = backend_util.getPermuted(apart.shape.length, blockShape.length, false)
  return symbolic(reshapeTo(graph, transposeBy(graph, apart, perm), backend_util.getReshapedPermuted(shape, blockShape, block, false)))
}

const depthToSpace: Lowering = (call) => {
  const { graph } = call
  const { value, dtype } = call.inputs.x!
  const { blockSize: block, dataFormat } = call.attributes
  const last = dataFormat === 'NHWC'
  const [batch, height, width, depth] = (last ? value.shape : [0, 2, 3, 1].map((axis) => value.shape[axis]!)) as [
    number,
    number,
    number,
    number,
  ]
  const left = depth / (block * block)
  const apart = last ? [batch, height, width, block, block, left] : [batch, block, block, left, height, width]
  const perm = last ? [0, 1, 3, 2, 4, 5] : [0, 3, 4, 1, 5, 2]
  const shape = last ? [batch, height * block, width * block, left] : [batch, left, height * block, width * block]
  return symbolic(reshapeTo(graph, transposeBy(graph, reshapeTo(graph, value, apart), perm), shape), dtype)
}

/** A tensor's elements along the diagonal of a tensor of twice its rank. */
const diagonal: Lowering = (call) => {
  const { graph } = call
  const { value, dtype } = call.inputs.x!
  const size = sizeOf(value.shape)
  const numbers = Int32Array.from({ length: size }, (_, at) => at)
  const [column, row] = [graph.constant('int32', [size, 1], numbers), graph.constant('int32', [size], numbers)]
  const here = graph.op('Equal', [column, row], 'bool', [size, size])
  // ONNX Runtime chooses among numbers only.
  const numeric = value.type === 'bool' ? castTo(graph, value, 'int32') : value
  const flat = reshapeTo(graph, numeric, [size])
  const matrix = graph.op('Where', [here, flat, graph.scalar(numeric.type, 0)], numeric.type, [size, size])
  return symbolic(castTo(graph, reshapeTo(graph, matrix, [...value.shape, ...value.shape]), value.type), dtype)
}

/** Functions that move blocks of elements. */
export const blockLowerings = {
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
  Diag: diagonal,
  MirrorPad: mirrorPad,
  SpaceToBatchND: spaceToBatch,
  StridedSlice: stridedSlice,
} satisfies Record<string, Lowering>
