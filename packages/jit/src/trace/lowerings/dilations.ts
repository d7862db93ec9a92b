import { backend_util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { elementwise } from './binary.ts'
import { pick } from './blocks.ts'
import { allow, type Call, castTo, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'
import { scatterElements } from './pooling.ts'
import { checkWindows, elementAt, taps, type Windows, windowsOf } from './windows.ts'

interface Dilation {
  /** The greatest sum of a window's element and its filter's. */
  readonly value: Value
  /** Which element of the image that is, and which place of the filter. */
  readonly element: Value
  readonly place: Value
}

function dilated(call: Call): Dilation {
  const { graph } = call
  // In doubles, as TensorFlow.js adds: two sums may be the same float.
  const [x, filter] = [castTo(graph, allow(call, 'x', 'float32'), 'float64'), castTo(graph, allow(call, 'filter', 'float32'), 'float64')]
  const { strides, pad, dilations } = call.attributes
  const info = backend_util.computeDilation2DInfo(x.shape as never, filter.shape as never, strides, pad, 'NHWC', dilations)
  const windows = windowsOf(info)
  checkWindows(call, windows)
  const channels = x.shape.at(-1)!
  const shape = [x.shape[0]!, ...windows.map(({ output }) => output), channels]
  const flat = reshapeTo(graph, filter, [sizeOf(filter.shape) / channels, channels])
  let [value, element, place] = [graph.scalar('float64', Number.MIN_SAFE_INTEGER), firstElement(graph, windows), graph.scalar('int32', 0)]
  for (const [index, tap] of taps(graph, x, windows, Number.NaN).entries()) {
    const sum = elementwise(graph, 'Add', tap.value, reshapeTo(graph, pick(graph, flat, 0, [index]), [channels]))
    const better = graph.op('Greater', [sum, value], 'bool', shape)
    const where = (then: Value, otherwise: Value) => graph.op('Where', [better, then, otherwise], then.type, shape)
    element = where(elementAt(graph, windows, tap.place, 0), element)
    place = where(graph.scalar('int32', index), place)
    value = where(sum, value)
  }
  return { value: castTo(graph, value, 'float32'), element, place }
}

/** The element that TensorFlow.js takes where there is none greater: the window's first, or the image's. */
function firstElement(graph: Graph, windows: Windows): Value {
  const [height, width] = windows as [Windows[number], Windows[number]]
  const numbers = new Int32Array(height.output * width.output)
  for (let row = 0; row < height.output; row++) {
    for (let column = 0; column < width.output; column++) {
      const top = Math.max(0, row * height.stride - height.before)
      const left = Math.max(0, column * width.stride - width.before)
      numbers[row * width.output + column] = top * width.input + left
    }
  }
  return graph.constant('int32', [1, height.output, width.output, 1], numbers)
}

const inputGradient: Lowering = (call) =>
  symbolic(scatterElements(call.graph, operand(call, 'dy'), dilated(call).element, operand(call, 'x').shape))

/** Each place of the filter gets what reaches the windows in which it was part of the greatest sum. */
const filterGradient: Lowering = (call) => {
  const { graph } = call
  const [dy, filter] = [operand(call, 'dy'), operand(call, 'filter')]
  const channels = filter.shape.at(-1)!
  const rows = (value: Value) => reshapeTo(graph, value, [1, sizeOf(dy.shape) / channels, 1, channels])
  return symbolic(reshapeTo(graph, scatterElements(graph, rows(dy), rows(dilated(call).place), [1, ...filter.shape]), filter.shape))
}

/** Grey-scale dilation, with its gradients. */
export const dilationLowerings = {
  Dilation2D: (call) => symbolic(dilated(call).value),
  Dilation2DBackpropFilter: filterGradient,
  Dilation2DBackpropInput: inputGradient,
} satisfies Record<string, Lowering>
