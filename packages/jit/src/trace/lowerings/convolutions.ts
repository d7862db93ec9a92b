import { backend_util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { refuseKernel } from '../refuse.ts'
import { activated } from './activations.ts'
import { elementwise } from './binary.ts'
import { allow, type Call, type Lowering, operand, reshapeTo, symbolic, transposeBy } from './lowering.ts'
import { product } from './products.ts'
import { concatenate } from './shapes.ts'
import { checkWindows, fitted, overhang, taps, trimmed, untrimmed, type Windows, windowAttributes, windowsOf } from './windows.ts'

type Four = [number, number, number, number]
type Five = [number, number, number, number, number]

/** Channels from the last axis to the second, where ONNX has them. */
export function channelsFirst(graph: Graph, x: Value): Value {
  const last = x.shape.length - 1
  return transposeBy(graph, x, [0, last, ...Array.from({ length: last - 1 }, (_, at) => at + 1)])
}

export function channelsLast(graph: Graph, x: Value): Value {
  return transposeBy(graph, x, [0, ...Array.from({ length: x.shape.length - 2 }, (_, at) => at + 2), 1])
}

/** A filter [...places, in, out] as ONNX has it: [out, in, ...places]. */
function outFirst(graph: Graph, filter: Value): Value {
  const rank = filter.shape.length
  return transposeBy(graph, filter, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, at) => at)])
}

/** A filter of each channel [height, width, in, times] as ONNX has it: [in times, 1, height, width]. */
function ofEachChannel(graph: Graph, filter: Value): Value {
  const [height, width, channels, times] = filter.shape as Four
  return reshapeTo(graph, transposeBy(graph, filter, [2, 3, 0, 1]), [channels * times, 1, height, width])
}

interface Convolution {
  readonly windows: Windows
  /** Whether images have their channels last. */
  readonly last: boolean
  /** In how many groups of channels; one, or one of each channel. */
  readonly group: number
}

/** Convolves an image with its channels first. */
function convolve(graph: Graph, x: Value, weights: Value, { windows, group }: Convolution): Value {
  const shape = [x.shape[0]!, weights.shape[0]!, ...windows.map(({ output }) => output)]
  return graph.op('Conv', [trimmed(graph, x, windows), weights], 'float32', shape, { attributes: { ...windowAttributes(windows), group } })
}

/** What reaches an image with its channels first from what reaches its convolution. */
function convolveBack(graph: Graph, dy: Value, weights: Value, { windows, group }: Convolution): Value {
  const within = fitted(windows)
  const shape = [dy.shape[0]!, weights.shape[1]! * group, ...within.map(({ input }) => input)]
  const attributes = { ...windowAttributes(within), output_padding: within.map((axis) => Math.max(0, -overhang(axis))), group }
  return untrimmed(graph, graph.op('ConvTranspose', [dy, weights], 'float32', shape, { attributes }), windows)
}

const inner = (graph: Graph, x: Value, last: boolean) => (last ? channelsFirst(graph, x) : x)
const outer = (graph: Graph, x: Value, last: boolean) => (last ? channelsLast(graph, x) : x)

function plane(call: Call, xShape: readonly number[], filterShape: readonly number[], depthwise = false, dy?: Value): Convolution {
  const { strides, pad, dilations, dimRoundingMode, dataFormat = 'NHWC' } = call.attributes
  const last = dataFormat === 'NHWC'
  if (depthwise && !last) throw refuseKernel(call.kernel, `has the data format ${dataFormat}, with which TensorFlow.js's cpu backend errs`)
  const format = last ? 'channelsLast' : 'channelsFirst'
  const info = backend_util.computeConv2DInfo(
    xShape as Four,
    filterShape as Four,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
    format,
  )
  const windows = windowsOf(info)
  checkWindows(call, windows, last ? dy?.shape.slice(1, -1) : dy?.shape.slice(2))
  if (dy && windows.some(({ dilation }) => dilation > 1))
    throw refuseKernel(call.kernel, 'has dilations, which TensorFlow.js leaves out of gradients')
  return { windows, last, group: depthwise ? info.inChannels : 1 }
}

/** A window of one place that skips nothing: every pixel by itself. */
const pointwise = ({ windows }: Convolution) =>
  windows.every(({ input, output, places, stride, before }) => places === 1 && stride === 1 && before === 0 && input === output)

function convolution(call: Call): Value {
  const { graph } = call
  const [x, filter] = [allow(call, 'x', 'float32'), allow(call, 'filter', 'float32')]
  const how = plane(call, x.shape, filter.shape)
  if (how.last && pointwise(how)) {
    const [, , from, to] = filter.shape as Four
    const pixels = reshapeTo(graph, x, [sizeOf(x.shape) / from, from])
    return reshapeTo(graph, product(graph, pixels, reshapeTo(graph, filter, [from, to]), false, false), [...x.shape.slice(0, -1), to])
  }
  return outer(graph, convolve(graph, inner(graph, x, how.last), outFirst(graph, filter), how), how.last)
}

function depthwise(call: Call): Value {
  const { graph } = call
  const [x, filter] = [allow(call, 'x', 'float32'), allow(call, 'filter', 'float32')]
  const how = plane(call, x.shape, filter.shape, true)
  return channelsLast(graph, convolve(graph, channelsFirst(graph, x), ofEachChannel(graph, filter), how))
}

const conv2DInput: Lowering = (call) => {
  const { graph } = call
  const [dy, filter] = [operand(call, 'dy'), operand(call, 'filter')]
  const how = plane(call, call.attributes.inputShape, filter.shape, false, dy)
  return symbolic(outer(graph, convolveBack(graph, inner(graph, dy, how.last), outFirst(graph, filter), how), how.last))
}

const depthwiseInput: Lowering = (call) => {
  const { graph } = call
  const [dy, filter] = [operand(call, 'dy'), operand(call, 'filter')]
  const how = plane(call, call.attributes.inputShape, filter.shape, true, dy)
  return symbolic(channelsLast(graph, convolveBack(graph, channelsFirst(graph, dy), ofEachChannel(graph, filter), how)))
}

/**
 * What reaches a filter: for each of its places the product of what the windows have there with what reaches the result.
 * One product of all places joined was measured too, and is slower from 3 to 64 channels.
 */
function filterGradient(graph: Graph, x: Value, dy: Value, windows: Windows): Value {
  const [from, to] = [x.shape.at(-1)!, dy.shape.at(-1)!]
  const columns = reshapeTo(graph, dy, [sizeOf(dy.shape) / to, to])
  const products = taps(graph, x, windows).map(({ value }) => {
    return product(graph, reshapeTo(graph, value, [columns.shape[0]!, from]), columns, true, false)
  })
  return reshapeTo(graph, concatenate(graph, products, 0), [...windows.map(({ places }) => places), from, to])
}

const conv2DFilter: Lowering = (call) => {
  const { graph } = call
  const [x, dy] = [operand(call, 'x'), operand(call, 'dy')]
  const { windows, last } = plane(call, x.shape, call.attributes.filterShape, false, dy)
  return symbolic(filterGradient(graph, last ? x : channelsLast(graph, x), last ? dy : channelsLast(graph, dy), windows))
}

const depthwiseFilter: Lowering = (call) => {
  const { graph } = call
  const [x, dy] = [operand(call, 'x'), operand(call, 'dy')]
  const filterShape = call.attributes.filterShape as Four
  const { windows } = plane(call, x.shape, filterShape, true, dy)
  const [, , channels, times] = filterShape
  const each = reshapeTo(graph, dy, [...dy.shape.slice(0, -1), channels, times])
  const sums = taps(graph, x, windows).map(({ value }) => {
    const parts = elementwise(graph, 'Mul', reshapeTo(graph, value, [...value.shape, 1]), each)
    const kept = graph.op('ReduceSum', [parts, graph.ints([0, 1, 2])], 'float32', [1, 1, 1, channels, times], {
      attributes: { keepdims: 1 },
    })
    return reshapeTo(graph, kept, [1, channels, times])
  })
  return symbolic(reshapeTo(graph, concatenate(graph, sums, 0), filterShape))
}

function volume(call: Call, xShape: readonly number[], filterShape: readonly number[], dy?: Value): Convolution {
  const { strides, pad, dilations = 1 } = call.attributes
  const windows = windowsOf(backend_util.computeConv3DInfo(xShape as Five, filterShape as Five, strides, dilations, pad))
  checkWindows(call, windows, dy?.shape.slice(1, -1))
  return { windows, last: true, group: 1 }
}

const conv3D: Lowering = (call) => {
  const { graph } = call
  const [x, filter] = [allow(call, 'x', 'float32'), allow(call, 'filter', 'float32')]
  const how = volume(call, x.shape, filter.shape)
  return symbolic(channelsLast(graph, convolve(graph, channelsFirst(graph, x), outFirst(graph, filter), how)))
}

const conv3DInput: Lowering = (call) => {
  const { graph } = call
  const [dy, filter] = [operand(call, 'dy'), operand(call, 'filter')]
  const how = volume(call, call.attributes.inputShape, filter.shape, dy)
  return symbolic(channelsLast(graph, convolveBack(graph, channelsFirst(graph, dy), outFirst(graph, filter), how)))
}

const conv3DFilter: Lowering = (call) => {
  const [x, dy] = [operand(call, 'x'), operand(call, 'dy')]
  return symbolic(filterGradient(call.graph, x, dy, volume(call, x.shape, call.attributes.filterShape, dy).windows))
}

/** A convolution with a bias and an activation. */
const fused =
  (convolution: (call: Call) => Value): Lowering =>
  (call) => {
    let result = convolution(call)
    const { bias } = call.inputs
    if (bias) {
      // One number a channel, wherever the channels are.
      const first = call.attributes.dataFormat === 'NCHW' && bias.value.shape.length === 1
      const each = first ? reshapeTo(call.graph, bias.value, [...bias.value.shape, 1, 1]) : bias.value
      result = elementwise(call.graph, 'Add', result, each)
    }
    return symbolic(activated(call, result))
  }

/** Convolutions of images and volumes, with what their gradients need. */
export const convolutionLowerings = {
  Conv2D: (call) => symbolic(convolution(call)),
  Conv2DBackpropFilter: conv2DFilter,
  Conv2DBackpropInput: conv2DInput,
  Conv3D: conv3D,
  Conv3DBackpropFilterV2: conv3DFilter,
  Conv3DBackpropInputV2: conv3DInput,
  DepthwiseConv2dNative: (call) => symbolic(depthwise(call)),
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseInput,
  FusedConv2D: fused(convolution),
  FusedDepthwiseConv2D: fused(depthwise),
} satisfies Record<string, Lowering>
