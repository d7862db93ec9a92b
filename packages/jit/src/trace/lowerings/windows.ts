import type { backend_util } from '@tensorflow/tfjs-core'
import { type Graph, sameShape, sizeOf, type Value } from '../graph.ts'
import { refuseKernel } from '../refuse.ts'
import type { Call } from './lowering.ts'
import { cut } from './shapes.ts'

/** How windows lie along one axis of an image or volume. */
export interface Axis {
  readonly input: number
  readonly output: number
  /** How many places a window has. */
  readonly places: number
  readonly stride: number
  /** The distance between a window's places. */
  readonly dilation: number
  /** Places that come before the first element. */
  readonly before: number
}

/** How windows lie in all, in the order height and width, or depth, height and width. */
export type Windows = readonly Axis[]

type Info2D = ReturnType<typeof backend_util.computeConv2DInfo>
type Info3D = ReturnType<typeof backend_util.computeConv3DInfo>

function axis(input: number, output: number, places: number, stride: number, dilation: number, before: number): Axis {
  return { input, output, places, stride, dilation, before }
}

/** The windows as TensorFlow.js works them out, of two or three axes. */
export function windowsOf(info: Info2D | Info3D): Windows {
  const { inHeight, outHeight, filterHeight, strideHeight, dilationHeight, padInfo } = info
  const { inWidth, outWidth, filterWidth, strideWidth, dilationWidth } = info
  const plane = [
    axis(inHeight, outHeight, filterHeight, strideHeight, dilationHeight, padInfo.top),
    axis(inWidth, outWidth, filterWidth, strideWidth, dilationWidth, padInfo.left),
  ]
  if (!('inDepth' in info)) return plane
  return [axis(info.inDepth, info.outDepth, info.filterDepth, info.strideDepth, info.dilationDepth, info.padInfo.front), ...plane]
}

/** From the first place of a window to its last. */
export const span = ({ places, dilation }: Axis): number => (places - 1) * dilation + 1

/** How far the last window reaches beyond the last element; negative where elements are left over. */
export const overhang = (axis: Axis): number => (axis.output - 1) * axis.stride + span(axis) - axis.input - axis.before

/**
 * How much of an axis windows reach. ONNX lays as many windows as there is room for; TensorFlow.js leaves room for more
 * where padding is a number and a window is not square.
 */
const reached = (axis: Axis): number => (-overhang(axis) >= axis.stride ? axis.input + overhang(axis) : axis.input)

/** The windows over that much of an image. */
export const fitted = (windows: Windows): Windows => windows.map((axis) => ({ ...axis, input: reached(axis) }))

/** An image with its channels first, and as much of it as windows reach. */
export function trimmed(graph: Graph, x: Value, windows: Windows): Value {
  const shape = [...x.shape.slice(0, 2), ...windows.map(reached)]
  if (sameShape(shape, x.shape)) return x
  return cut(
    graph,
    x,
    shape.map(() => 0),
    shape,
    shape.map(() => 1),
    shape,
  )
}

/** The same image with zeros for what windows don't reach. */
export function untrimmed(graph: Graph, x: Value, windows: Windows): Value {
  const shape = [...x.shape.slice(0, 2), ...windows.map(({ input }) => input)]
  if (sameShape(shape, x.shape)) return x
  const pads = graph.ints([...shape.map(() => 0), ...shape.map((side, at) => side - x.shape[at]!)])
  return graph.op('Pad', [x, pads, graph.scalar(x.type, 0)], x.type, shape)
}

/** The attributes that ONNX's windowed operators share. */
export function windowAttributes(windows: Windows): Record<'strides' | 'dilations' | 'pads', number[]> {
  return {
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...windows.map(({ before }) => before), ...windows.map((axis) => Math.max(0, overhang(axis)))],
  }
}

/** Refuses windows that ONNX Runtime does not know, and sizes of what reaches them that they don't have. */
export function checkWindows(call: Call, windows: Windows, reaching?: readonly number[]): void {
  if (windows.some(({ before }) => before < 0)) {
    throw refuseKernel(call.kernel, 'has padding "same" and strides longer than its window, which TensorFlow.js takes for negative padding')
  }
  if (reaching && !windows.every(({ output }, at) => reaching[at] === output)) {
    throw refuseKernel(call.kernel, 'has a rounding of its size that TensorFlow.js forgets in the gradient')
  }
}

/** Refuses windows that may lie in the padding altogether, and so have no greatest element and no mean. */
export function checkFilled(call: Call, windows: Windows): void {
  if (windows.some((axis) => axis.before >= span(axis) || overhang(axis) >= span(axis))) {
    throw refuseKernel(call.kernel, 'has padding as wide as its window')
  }
}

/** An image with as many elements around it as its windows reach for, or fewer where they leave some over. */
export function padded(graph: Graph, x: Value, windows: Windows, filling: number): Value {
  const before = windows.map(({ before }) => before)
  const after = windows.map((axis) => Math.max(0, overhang(axis)))
  if ([...before, ...after].every((count) => count === 0)) return x
  const shape = x.shape.map((side, at) => (at === 0 || at > windows.length ? side : side + before[at - 1]! + after[at - 1]!))
  const pads = graph.ints([0, ...before, 0, 0, ...after, 0])
  return graph.op('Pad', [x, pads, graph.scalar(x.type, filling)], x.type, shape)
}

/** One place of all windows: which, and what the windows have there, of the shape of the result. */
export interface Tap {
  readonly place: readonly number[]
  readonly value: Value
}

/** All places of the windows over an image with the channels last, the last axis fastest. */
export function taps(graph: Graph, x: Value, windows: Windows, filling = 0): Tap[] {
  const whole = padded(graph, x, windows, filling)
  const shape = [x.shape[0]!, ...windows.map(({ output }) => output), x.shape.at(-1)!]
  return places(windows).map((place) => {
    const begin = [0, ...windows.map(({ dilation }, at) => place[at]! * dilation), 0]
    const end = begin.map((first, at) =>
      at === 0 || at > windows.length ? shape[at]! : first + (windows[at - 1]!.output - 1) * windows[at - 1]!.stride + 1,
    )
    const strides = [1, ...windows.map(({ stride }) => stride), 1]
    return { place, value: cut(graph, whole, begin, end, strides, shape) }
  })
}

export function places(windows: Windows): number[][] {
  let all: number[][] = [[]]
  for (const { places } of windows) all = all.flatMap((place) => Array.from({ length: places }, (_, at) => [...place, at]))
  return all
}

/**
 * For one place of all windows, which element of the image it is, counted over height and width (and depth) alone: a
 * constant of shape [1, ...output, 1]. Places in the padding have `outside`.
 */
export function elementAt(graph: Graph, windows: Windows, place: readonly number[], outside: number): Value {
  const shape = [1, ...windows.map(({ output }) => output), 1]
  const numbers = new Int32Array(sizeOf(shape))
  for (let at = 0; at < numbers.length; at++) {
    let [rest, element, unit, inside] = [at, 0, 1, true]
    for (let index = windows.length - 1; index >= 0; index--) {
      const { input, output, stride, dilation, before } = windows[index]!
      const position = (rest % output) * stride + place[index]! * dilation - before
      inside &&= position >= 0 && position < input
      element += position * unit
      rest = Math.floor(rest / output)
      unit *= input
    }
    numbers[at] = inside ? element : outside
  }
  return graph.constant('int32', shape, numbers)
}

/** How many elements an image has, of one channel. */
export const elements = (windows: Windows): number => windows.reduce((product, { input }) => product * input, 1)
