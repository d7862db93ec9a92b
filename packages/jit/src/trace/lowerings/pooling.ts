import { backend_util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { elementwise } from './binary.ts'
import { channelsFirst, channelsLast } from './convolutions.ts'
import { allow, type Call, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'
import { cut } from './shapes.ts'
import { checkFilled, checkWindows, elementAt, elements, taps, trimmed, type Windows, windowAttributes, windowsOf } from './windows.ts'

type Image = [number, number, number, number]
type Volume = [number, number, number, number, number]

function windows(call: Call, shape: readonly number[], gradient?: Value): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = call.attributes
  const info =
    shape.length === 4
      ? backend_util.computePool2DInfo(shape as Image, filterSize, strides, 1, pad, dimRoundingMode)
      : backend_util.computePool3DInfo(shape as Volume, filterSize, strides, 1, pad, dimRoundingMode)
  const found = windowsOf(info)
  checkWindows(call, found, gradient?.shape.slice(1, -1))
  checkFilled(call, found)
  return found
}

const resultShape = (x: Value, windows: Windows): number[] => [x.shape[0]!, ...windows.map(({ output }) => output), x.shape.at(-1)!]

const attributes = (windows: Windows) => {
  const { strides, pads } = windowAttributes(windows)
  return { kernel_shape: windows.map(({ places }) => places), strides, pads }
}

/** TensorFlow.js looks for the greatest among numbers, ONNX Runtime gives NaN where there is one. */
const withoutNaN = (graph: Graph, x: Value): Value =>
  graph.op('Where', [graph.op('IsNaN', [x], 'bool', x.shape), graph.scalar('float32', Number.NEGATIVE_INFINITY), x], x.type, x.shape)

const pool =
  (operator: 'MaxPool' | 'AveragePool'): Lowering =>
  (call) => {
    const { graph } = call
    const x = allow(call, 'x', 'float32')
    const how = windows(call, x.shape)
    if (how.every(({ places, input, output }) => places === 1 && input === output)) return symbolic(x)
    const first = trimmed(graph, channelsFirst(graph, operator === 'MaxPool' ? withoutNaN(graph, x) : x), how)
    const shape = [...first.shape.slice(0, 2), ...how.map(({ output }) => output)]
    return symbolic(channelsLast(graph, graph.op(operator, [first], 'float32', shape, { attributes: attributes(how) })))
  }

interface Greatest {
  /** The greatest element of each window. */
  readonly value: Value
  /** Which element it is, over height and width (and depth); as many as there are where a window has none but NaN. */
  readonly element: Value
}

/** Place by place, so that among equals the first one counts, or the last one: TensorFlow.js differs by kernel. */
function greatest(graph: Graph, x: Value, how: Windows, among: 'first' | 'last'): Greatest {
  const none = elements(how)
  const shape = resultShape(x, how)
  let best: Greatest = { value: graph.scalar('float32', Number.NEGATIVE_INFINITY), element: graph.scalar('int32', none) }
  for (const { place, value } of taps(graph, x, how, Number.NaN)) {
    const better = graph.op(among === 'first' ? 'Greater' : 'GreaterOrEqual', [value, best.value], 'bool', shape)
    best = {
      value: graph.op('Where', [better, value, best.value], 'float32', shape),
      element: graph.op('Where', [better, elementAt(graph, how, place, none), best.element], 'int32', shape),
    }
  }
  return best
}

/** What reaches each window goes to its greatest element. */
const maximumGradient =
  (among: 'first' | 'last'): Lowering =>
  (call) => {
    const { graph } = call
    const [dy, x] = [operand(call, 'dy'), operand(call, 'input')]
    const how = windows(call, x.shape, dy)
    return symbolic(scatterElements(graph, dy, greatest(graph, x, how, among).element, x.shape))
  }

/** Adds what is in `updates` to the elements of an image of zeros that `element` names; those outside are dropped. */
export function scatterElements(graph: Graph, updates: Value, element: Value, shape: readonly number[]): Value {
  const [batch, channels] = [shape[0]!, shape.at(-1)!]
  const count = sizeOf(shape.slice(1, -1))
  const flat = (value: Value) => reshapeTo(graph, value, [batch, sizeOf(updates.shape) / (batch * channels), channels])
  const zeros = graph.fill('float32', [batch, count + 1, channels], 0)
  const sums = graph.op('ScatterElements', [zeros, flat(element), flat(updates)], 'float32', zeros.shape, {
    attributes: { axis: 1, reduction: 'add' },
  })
  return reshapeTo(graph, cut(graph, sums, [0, 0, 0], [batch, count, channels], [1, 1, 1], [batch, count, channels]), shape)
}

/** The greatest elements and where they are, over all of the tensor or over their image alone. */
const withArgument: Lowering = (call) => {
  const { graph } = call
  const x = allow(call, 'x', 'float32')
  const how = windows(call, x.shape)
  const { value, element } = greatest(graph, x, how, 'first')
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!]
  const count = elements(how)
  const range = (length: number, by: number, shape: number[]) =>
    graph.constant(
      'int32',
      shape,
      Int32Array.from({ length }, (_, at) => at * by),
    )
  let index = elementwise(graph, 'Mul', element, graph.scalar('int32', channels))
  index = elementwise(graph, 'Add', index, range(channels, 1, [1, 1, 1, channels]))
  if (call.attributes.includeBatchInIndex) index = elementwise(graph, 'Add', index, range(batch, count * channels, [batch, 1, 1, 1]))
  const known = graph.op('Less', [element, graph.scalar('int32', count)], 'bool', element.shape)
  return [symbolic(value), symbolic(graph.op('Where', [known, index, graph.scalar('int32', -1)], 'int32', index.shape))]
}

/**
 * What reaches a window goes to its places in equal parts, those in the padding included, as TensorFlow.js has it (its
 * forward pass leaves them out). With zeros between what reaches neighbouring windows that is an average again.
 */
const averageGradient: Lowering = (call) => {
  const { graph } = call
  const [dy, x] = [operand(call, 'dy'), operand(call, 'input')]
  const how = windows(call, x.shape, dy)
  const first = channelsFirst(graph, spread(graph, dy, how))
  const shape = [...first.shape.slice(0, 2), ...how.map(({ input }) => input)]
  const kernel = how.map(({ places }) => places)
  const average = graph.op('AveragePool', [first], 'float32', shape, { attributes: { kernel_shape: kernel, count_include_pad: 1 } })
  return symbolic(channelsLast(graph, average))
}

/** What reaches the windows where they begin, zeros between and around it. */
function spread(graph: Graph, dy: Value, how: Windows): Value {
  const [batch, channels] = [dy.shape[0]!, dy.shape.at(-1)!]
  // A stride's worth of places for each window, the first one taken.
  const apart = [batch, ...how.flatMap(({ output }) => [output, 1]), channels]
  const wide = [batch, ...how.flatMap(({ output, stride }) => [output, stride]), channels]
  const pads = [...apart.map(() => 0), ...apart.map((side, at) => wide[at]! - side)]
  const zero = graph.scalar('float32', 0)
  const strided = how.every(({ stride }) => stride === 1)
    ? dy
    : graph.op('Pad', [reshapeTo(graph, dy, apart), graph.ints(pads), zero], 'float32', wide)
  const open = reshapeTo(graph, strided, [batch, ...how.map(({ output, stride }) => output * stride), channels])
  const before = how.map(({ places, before }) => places - 1 - before)
  const length = how.map(({ input, places }) => input + places - 1)
  const after = how.map(({ output, stride }, at) => length[at]! - before[at]! - output * stride)
  return graph.op('Pad', [open, graph.ints([0, ...before, 0, 0, ...after, 0]), zero], 'float32', [batch, ...length, channels])
}

/** The greatest and the mean of windows, with their gradients. */
export const poolingLowerings = {
  AvgPool: pool('AveragePool'),
  AvgPool3D: pool('AveragePool'),
  AvgPool3DGrad: averageGradient,
  AvgPoolGrad: averageGradient,
  MaxPool: pool('MaxPool'),
  MaxPool3D: pool('MaxPool'),
  MaxPool3DGrad: maximumGradient('last'),
  MaxPoolGrad: maximumGradient('first'),
  MaxPoolWithArgmax: withArgument,
} satisfies Record<string, Lowering>
