import { type Graph, sizeOf, type Value } from '../graph.ts'
import { elementwise } from './binary.ts'
import { allow, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'

const batchNormalization: Lowering = (call) => {
  const { graph } = call
  const x = allow(call, 'x', 'float32')
  const { scale, offset } = call.inputs
  const { varianceEpsilon } = call.attributes
  const variance = operand(call, 'variance')
  const epsilon = graph.scalar('float32', varianceEpsilon ?? 0.001)
  const deviation = graph.op('Sqrt', [elementwise(graph, 'Add', variance, epsilon)], 'float32', variance.shape)
  const centred = elementwise(graph, 'Sub', x, operand(call, 'mean'))
  const scaled = elementwise(graph, 'Div', scale ? elementwise(graph, 'Mul', centred, scale.value) : centred, deviation)
  return symbolic(offset ? elementwise(graph, 'Add', scaled, offset.value) : scaled)
}

/** For each channel the sum over the channels that are no further than `radius` from it: `radius` times an average. */
function neighbours(graph: Graph, x: Value, radius: number): Value {
  const channels = x.shape.at(-1)!
  const reach = Math.min(radius, channels - 1)
  const size = 2 * reach + 1
  const rows = reshapeTo(graph, x, [sizeOf(x.shape) / channels, 1, channels])
  const attributes = { kernel_shape: [size], pads: [reach, reach], count_include_pad: 1 }
  const average = graph.op('AveragePool', [rows], 'float32', rows.shape, { attributes })
  return elementwise(graph, 'Mul', reshapeTo(graph, average, x.shape), graph.scalar('float32', size))
}

interface Response {
  depthRadius: number
  bias: number
  alpha: number
  beta: number
}

/** bias + alpha times the sum of the neighbours' squares. */
function norm(graph: Graph, x: Value, { depthRadius, bias, alpha }: Response): Value {
  const squares = neighbours(graph, elementwise(graph, 'Mul', x, x), depthRadius)
  return elementwise(graph, 'Add', elementwise(graph, 'Mul', squares, graph.scalar('float32', alpha)), graph.scalar('float32', bias))
}

const localResponse: Lowering = (call) => {
  const { graph } = call
  const x = allow(call, 'x', 'float32')
  const power = elementwise(graph, 'Pow', norm(graph, x, call.attributes), graph.scalar('float32', -call.attributes.beta))
  return symbolic(elementwise(graph, 'Mul', x, power))
}

/** dy norm^-beta - 2 alpha beta x (the neighbours' sum of dy y / norm) */
const localResponseGradient: Lowering = (call) => {
  const { graph } = call
  const [x, y, dy] = [operand(call, 'x'), operand(call, 'y'), operand(call, 'dy')]
  const { depthRadius, alpha, beta } = call.attributes as Response
  const divisor = norm(graph, x, call.attributes)
  const own = elementwise(graph, 'Mul', dy, elementwise(graph, 'Pow', divisor, graph.scalar('float32', -beta)))
  const shares = neighbours(graph, elementwise(graph, 'Div', elementwise(graph, 'Mul', dy, y), divisor), depthRadius)
  const others = elementwise(graph, 'Mul', elementwise(graph, 'Mul', shares, x), graph.scalar('float32', 2 * alpha * beta))
  return symbolic(elementwise(graph, 'Sub', own, others))
}

/** Normalisations over a batch, or over neighbouring channels. */
export const normalizationLowerings = {
  FusedBatchNorm: batchNormalization,
  LRN: localResponse,
  LRNGrad: localResponseGradient,
} satisfies Record<string, Lowering>
