import type { Graph, Value } from '../graph.ts'
import { elementwise } from './binary.ts'
import { pick } from './blocks.ts'
import { allow, castTo, type Lowering, numeric, operand, reshapeTo, symbolic, transposeBy } from './lowering.ts'

/** How far apart an axis's new elements are, in old ones. */
function ratio(from: number, to: number, alignCorners: boolean): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to
}

interface Between {
  readonly lower: number[]
  readonly upper: number[]
  /** How far from the lower one, in parts of the distance. */
  readonly part: Float32Array
}

/** The two old elements that each new one lies between. */
function between(from: number, to: number, alignCorners: boolean, halfPixelCenters: boolean): Between {
  const by = ratio(from, to, alignCorners)
  const places = Array.from({ length: to }, (_, at) => (halfPixelCenters ? by * (at + 0.5) - 0.5 : by * at))
  const lower = places.map((place) => Math.max(0, Math.floor(place)))
  return {
    lower,
    upper: places.map((place) => Math.min(from - 1, Math.ceil(place))),
    part: Float32Array.from(places, (place, at) => place - lower[at]!),
  }
}

/** The old element that each new one is. */
function nearest(from: number, to: number, alignCorners: boolean, halfPixelCenters: boolean): number[] {
  const by = ratio(from, to, alignCorners)
  return Array.from({ length: to }, (_, at) => {
    const place = by * (halfPixelCenters ? at + 0.5 : at)
    return Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place))
  })
}

const resizeBilinear: Lowering = (call) => {
  const { graph } = call
  const { size, alignCorners, halfPixelCenters } = call.attributes
  const along = (x: Value, axis: number, to: number): Value => {
    const { lower, upper, part } = between(x.shape[axis]!, to, alignCorners, halfPixelCenters)
    const [a, b] = [pick(graph, x, axis, lower), pick(graph, x, axis, upper)]
    const weight = graph.constant('float32', axis === 1 ? [to, 1, 1] : [to, 1], part)
    return elementwise(graph, 'Add', a, elementwise(graph, 'Mul', elementwise(graph, 'Sub', b, a), weight))
  }
  const images = castTo(graph, numeric(call, 'images'), 'float32')
  return symbolic(along(along(images, 2, size[1]), 1, size[0]))
}

const resizeNearest: Lowering = (call) => {
  const { graph } = call
  const { value: images, dtype } = call.inputs.images!
  const { size, alignCorners, halfPixelCenters } = call.attributes
  const places = (axis: number) => nearest(images.shape[axis]!, size[axis - 1], alignCorners, halfPixelCenters)
  return symbolic(pick(graph, pick(graph, images, 1, places(1)), 2, places(2)), dtype)
}

/** Adds the elements along an axis of `dy` to those of a shorter or longer one that `places` names. */
function putBack(graph: Graph, dy: Value, axis: number, length: number, places: readonly number[]): Value {
  const others = dy.shape.map((_, at) => at).filter((at) => at !== axis)
  const front = transposeBy(graph, dy, [axis, ...others])
  const zeros = graph.fill('float32', [length, ...front.shape.slice(1)], 0)
  const indices = graph.constant('int64', [places.length, 1], BigInt64Array.from(places, BigInt))
  const sums = graph.op('ScatterND', [zeros, indices, front], 'float32', zeros.shape, { attributes: { reduction: 'add' } })
  const back = dy.shape.map((_, at) => (at === axis ? 0 : others.indexOf(at) + 1))
  return transposeBy(graph, sums, back)
}

/** As TensorFlow.js has it: also where the forward pass took half pixels. */
const bilinearGradient: Lowering = (call) => {
  const { graph } = call
  const [dy, images] = [operand(call, 'dy'), operand(call, 'images')]
  const along = (y: Value, axis: number): Value => {
    const { lower, upper, part } = between(images.shape[axis]!, y.shape[axis]!, call.attributes.alignCorners, false)
    const shape = axis === 1 ? [part.length, 1, 1] : [part.length, 1]
    const weight = graph.constant('float32', shape, part)
    const rest = graph.constant(
      'float32',
      shape,
      part.map((share) => 1 - share),
    )
    const [a, b] = [elementwise(graph, 'Mul', y, rest), elementwise(graph, 'Mul', y, weight)]
    const length = images.shape[axis]!
    return elementwise(graph, 'Add', putBack(graph, a, axis, length, lower), putBack(graph, b, axis, length, upper))
  }
  return symbolic(along(along(dy, 2), 1))
}

const nearestGradient: Lowering = (call) => {
  const { graph } = call
  const [dy, images] = [operand(call, 'dy'), operand(call, 'images')]
  const along = (y: Value, axis: number): Value => {
    const length = images.shape[axis]!
    return putBack(graph, y, axis, length, nearest(length, y.shape[axis]!, call.attributes.alignCorners, false))
  }
  return symbolic(along(along(dy, 2), 1))
}

const flipLeftRight: Lowering = (call) => {
  const { value, dtype } = call.inputs.image!
  const width = value.shape[2]!
  return symbolic(
    pick(
      call.graph,
      value,
      2,
      Array.from({ length: width }, (_, at) => width - 1 - at),
    ),
    dtype,
  )
}

/** Each pixel is looked up where it comes from, which is known beforehand; what comes from outside is filled. */
const rotate: Lowering = (call) => {
  const { graph } = call
  const image = allow(call, 'image', 'float32', 'int32')
  const { radians, fillValue, center } = call.attributes
  const [batch, height, width, channels] = image.shape as [number, number, number, number]
  const [x0, y0] = typeof center === 'number' ? [width * center, height * center] : [width * center[0], height * center[1]]
  const [sin, cos] = [Math.sin(radians), Math.cos(radians)]
  const places = Array.from({ length: height * width }, (_, at) => {
    const [x, y] = [(at % width) - x0, Math.floor(at / width) - y0]
    const [column, row] = [Math.round(x * cos - y * sin + x0), Math.round(x * sin + y * cos + y0)]
    return column >= 0 && column < width && row >= 0 && row < height ? row * width + column : -1
  })
  const flat = reshapeTo(graph, image, [batch, height * width, channels])
  const moved = pick(
    graph,
    flat,
    1,
    places.map((place) => Math.max(0, place)),
  )
  const inside = graph.constant(
    'bool',
    [places.length, 1],
    Uint8Array.from(places, (place) => Number(place >= 0)),
  )
  const colours = Array.from({ length: channels }, (_, at) => (typeof fillValue === 'number' ? fillValue : at === 3 ? 255 : fillValue[at]))
  const filling = graph.constant(image.type, [channels], image.type === 'int32' ? Int32Array.from(colours) : Float32Array.from(colours))
  return symbolic(reshapeTo(graph, graph.op('Where', [inside, moved, filling], image.type, flat.shape), image.shape))
}

/** Images in other sizes, turned and mirrored. */
export const resizingLowerings = {
  FlipLeftRight: flipLeftRight,
  ResizeBilinear: resizeBilinear,
  ResizeBilinearGrad: bilinearGradient,
  ResizeNearestNeighbor: resizeNearest,
  ResizeNearestNeighborGrad: nearestGradient,
  RotateWithOffset: rotate,
} satisfies Record<string, Lowering>
