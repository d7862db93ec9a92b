import { type Graph, sizeOf, type Value } from '../graph.ts'
import { elementwise } from './binary.ts'
import { checked } from './indexing.ts'
import { allow, castTo, expandTo, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'
import { cut } from './shapes.ts'

/** Arithmetic of coordinates in doubles, as TensorFlow.js does it: a float may round to another pixel. */
class Coordinates {
  readonly #graph: Graph

  constructor(graph: Graph) {
    this.#graph = graph
  }

  number(value: number): Value {
    return this.#graph.scalar('float64', value)
  }

  /** 0, 1, 2, ... along the axis of a shape that is longer than 1. */
  range(shape: readonly number[]): Value {
    return this.#graph.constant(
      'float64',
      shape,
      Float64Array.from({ length: sizeOf(shape) }, (_, at) => at),
    )
  }

  of(operator: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min', a: Value, b: Value | number): Value {
    return elementwise(this.#graph, operator, a, typeof b === 'number' ? this.number(b) : b)
  }

  is(a: Value, order: 'Less' | 'LessOrEqual' | 'Greater' | 'GreaterOrEqual' | 'Equal', b: number): Value {
    return this.#graph.op(order, [a, this.number(b)], 'bool', a.shape)
  }

  both(a: Value, b: Value): Value {
    return elementwise(this.#graph, 'And', a, b, 'bool')
  }

  whole(operator: 'Floor' | 'Ceil' | 'Neg', a: Value): Value {
    return this.#graph.op(operator, [a], a.type, a.shape)
  }

  /** To the nearest whole number, halves upwards, as Math.round has it. */
  round(a: Value): Value {
    return this.whole('Floor', this.of('Add', a, 0.5))
  }

  /** Without its fraction, towards zero. */
  truncate(a: Value): Value {
    return this.choose(this.is(a, 'Less', 0), this.whole('Ceil', a), this.whole('Floor', a))
  }

  clamp(a: Value, most: number): Value {
    return this.of('Max', this.of('Min', a, most), 0)
  }

  choose(condition: Value, then: Value, otherwise: Value): Value {
    const chosen = elementwise(this.#graph, 'Add', then, otherwise)
    return this.#graph.op('Where', [condition, then, otherwise], then.type, chosen.shape)
  }
}

/** Pixels of a batch of images at (row, column), which may lie outside: those are of no meaning. */
function pixels(graph: Graph, images: Value, batch: Value, row: Value, column: Value): Value {
  const [count, height, width, channels] = images.shape as [number, number, number, number]
  const at = new Coordinates(graph)
  const within = at.of('Add', at.of('Mul', at.clamp(row, height - 1), width), at.clamp(column, width - 1))
  const index = at.of('Add', at.of('Mul', batch, height * width), within)
  const table = reshapeTo(graph, images, [count * height * width, channels])
  const places = castTo(graph, index, 'int32')
  return graph.op('Gather', [table, places], images.type, [...places.shape, channels], { attributes: { axis: 0 } })
}

/** A part of a whole as floats, with an axis for the channels. */
const weight = (graph: Graph, part: Value): Value => reshapeTo(graph, castTo(graph, part, 'float32'), [...part.shape, 1])

/** Some boxes cut out of images, all brought to one size. */
const cropAndResize: Lowering = (call) => {
  const { graph } = call
  const [image, boxes] = [
    castTo(graph, allow(call, 'image', 'float32', 'int32'), 'float32'),
    castTo(graph, operand(call, 'boxes'), 'float64'),
  ]
  const { cropSize, method, extrapolationValue } = call.attributes
  const [batch, height, width, channels] = image.shape as [number, number, number, number]
  const count = boxes.shape[0]!
  const at = new Coordinates(graph)
  const corner = (index: number) => reshapeTo(graph, cut(graph, boxes, [0, index], [count, index + 1], [1, 1], [count, 1]), [count, 1, 1])
  /** Where the crop's rows (or columns) lie in the image. */
  const along = (from: Value, to: Value, side: number, size: number, shape: number[]): Value => {
    if (size === 1) return at.of('Mul', at.of('Mul', at.of('Add', from, to), 0.5), side - 1)
    const step = at.of('Div', at.of('Mul', at.of('Sub', to, from), side - 1), size - 1)
    return at.of('Add', at.of('Mul', from, side - 1), at.of('Mul', step, at.range(shape)))
  }
  const [rows, columns] = cropSize as [number, number]
  const y = along(corner(0), corner(2), height, rows, [1, rows, 1])
  const x = along(corner(1), corner(3), width, columns, [1, 1, columns])
  const owner = reshapeTo(graph, castTo(graph, operand(call, 'boxInd'), 'int32'), [count, 1, 1])
  const known = graph.op('Less', [owner, graph.scalar('int32', batch)], 'bool', owner.shape)
  const index = graph.op('Min', [owner, graph.scalar('int32', batch - 1)], 'int32', owner.shape)
  const from = castTo(graph, checked(call, index, batch), 'float64')
  const shape = [count, rows, columns, channels]
  const read = (row: Value, column: Value) => expandTo(graph, pixels(graph, image, from, row, column), shape)
  let result: Value
  if (method === 'nearest') result = read(at.round(y), at.round(x))
  else {
    const [top, left] = [at.whole('Floor', y), at.whole('Floor', x)]
    const [down, right] = [weight(graph, at.of('Sub', y, top)), weight(graph, at.of('Sub', x, left))]
    const line = (row: Value) => mixed(graph, read(row, left), read(row, at.whole('Ceil', x)), right)
    result = mixed(graph, line(top), line(at.whole('Ceil', y)), down)
  }
  const rowInside = at.both(at.is(y, 'GreaterOrEqual', 0), at.is(y, 'LessOrEqual', height - 1))
  const inside = at.both(rowInside, at.both(at.is(x, 'GreaterOrEqual', 0), at.is(x, 'LessOrEqual', width - 1)))
  const each = (condition: Value) => reshapeTo(graph, condition, [...condition.shape, 1])
  const filled = graph.op('Where', [each(inside), result, graph.scalar('float32', extrapolationValue)], 'float32', shape)
  return symbolic(graph.op('Where', [each(known), filled, graph.scalar('float32', 0)], 'float32', shape))
}

/** a + (b - a) part */
function mixed(graph: Graph, a: Value, b: Value, part: Value): Value {
  return elementwise(graph, 'Add', a, elementwise(graph, 'Mul', elementwise(graph, 'Sub', b, a), part))
}

type FillMode = 'constant' | 'reflect' | 'wrap' | 'nearest'

/** A coordinate beyond the image brought back, by TensorFlow.js's rules. */
function broughtBack(at: Coordinates, place: Value, side: number, mode: FillMode): Value {
  if (mode === 'constant') return place
  if (mode === 'nearest' || side <= 1) return at.clamp(place, side - 1)
  const [below, above] = [at.is(place, 'Less', 0), at.is(place, 'Greater', side - 1)]
  const period = mode === 'reflect' ? 2 * side : side - 1
  const turns = at.truncate(at.of('Div', at.choose(below, at.whole('Neg', place), place), period))
  if (mode === 'wrap') {
    const up = at.of('Add', place, at.of('Mul', at.of('Add', turns, 1), side))
    const down = at.of('Sub', place, at.of('Mul', turns, side))
    return at.clamp(at.choose(below, up, at.choose(above, down, place)), side - 1)
  }
  const raised = at.of('Add', place, at.of('Mul', turns, period))
  const mirrored = at.of('Sub', at.whole('Neg', raised), 1)
  const up = at.choose(at.is(raised, 'Less', -side), at.of('Add', raised, period), mirrored)
  const lowered = at.of('Sub', place, at.of('Mul', turns, period))
  const down = at.choose(at.is(lowered, 'GreaterOrEqual', side), at.of('Sub', at.of('Sub', at.number(period), lowered), 1), lowered)
  return at.clamp(at.choose(below, up, at.choose(above, down, place)), side - 1)
}

/** Images seen through a projection: each new pixel says where in the old image it comes from. */
const transform: Lowering = (call) => {
  const { graph } = call
  const image = allow(call, 'image', 'float32')
  const { interpolation, fillMode, fillValue, outputShape } = call.attributes
  const [batch, height, width, channels] = image.shape as [number, number, number, number]
  const [rows, columns] = outputShape ?? [height, width]
  const given = castTo(graph, operand(call, 'transforms'), 'float64')
  const sets = given.shape[0]!
  const at = new Coordinates(graph)
  const [y, x] = [at.range([1, rows, 1]), at.range([1, 1, columns])]
  const part = (index: number) => reshapeTo(graph, cut(graph, given, [0, index], [sets, index + 1], [1, 1], [sets, 1]), [sets, 1, 1])
  const line = (first: number, last: Value | number) =>
    at.of('Add', at.of('Add', at.of('Mul', x, part(first)), at.of('Mul', y, part(first + 1))), last)
  const projection = line(6, 1)
  const column = broughtBack(at, at.of('Div', line(0, part(2)), projection), width, fillMode)
  const row = broughtBack(at, at.of('Div', line(3, part(5)), projection), height, fillMode)
  const images = at.range([batch, 1, 1])
  const shape = [batch, rows, columns, channels]
  const nothing = graph.scalar('float32', fillValue)
  const read = (r: Value, c: Value): Value => {
    const rowInside = at.both(at.is(r, 'GreaterOrEqual', 0), at.is(r, 'LessOrEqual', height - 1))
    const inside = at.both(rowInside, at.both(at.is(c, 'GreaterOrEqual', 0), at.is(c, 'LessOrEqual', width - 1)))
    const found = expandTo(graph, pixels(graph, image, images, r, c), shape)
    return graph.op('Where', [reshapeTo(graph, inside, [...inside.shape, 1]), found, nothing], 'float32', shape)
  }
  let result: Value
  if (interpolation === 'nearest') result = read(at.round(row), at.round(column))
  else {
    const [top, left] = [at.whole('Floor', row), at.whole('Floor', column)]
    const [bottom, right] = [at.of('Add', top, 1), at.of('Add', left, 1)]
    const share = (from: Value, to: Value) => weight(graph, at.of('Sub', to, from))
    const two = (a: Value, ofA: Value, b: Value, ofB: Value) =>
      elementwise(graph, 'Add', elementwise(graph, 'Mul', ofA, a), elementwise(graph, 'Mul', ofB, b))
    const across = (r: Value) => two(read(r, left), share(column, right), read(r, right), share(left, column))
    result = two(across(top), share(row, bottom), across(bottom), share(top, row))
  }
  const seen = reshapeTo(graph, at.is(projection, 'Equal', 0), [...projection.shape, 1])
  return symbolic(graph.op('Where', [seen, nothing, result], 'float32', shape))
}

/** Images cut and seen from elsewhere, by numbers that are tensors themselves. */
export const imageLowerings = { CropAndResize: cropAndResize, Transform: transform } satisfies Record<string, Lowering>
