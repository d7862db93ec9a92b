import type { Graph, Value } from '../graph.ts'
import { type Call, castTo, type Lowering, operand, reshapeTo, symbolic } from './lowering.ts'

type Body = (graph: Graph, x: Value, call: Call) => Value

const float = (graph: Graph, x: number) => graph.scalar('float32', x)
const same = (graph: Graph, operator: string, ...inputs: Value[]) => graph.op(operator, inputs, inputs[0]!.type, inputs[0]!.shape)
const test = (graph: Graph, operator: string, ...inputs: Value[]) => graph.op(operator, inputs, 'bool', inputs[0]!.shape)

/** The operator of the same meaning. */
const plain =
  (operator: string): Body =>
  (graph, x) =>
    same(graph, operator, x)

const withAlpha =
  (operator: string, alpha: (attributes: Call['attributes']) => number): Body =>
  (graph, x, { attributes }) =>
    graph.op(operator, [x], x.type, x.shape, { attributes: { alpha: { float: alpha(attributes) } } })

const step: Body = (graph, x, { attributes }) => {
  const one = graph.op('Greater', [x, graph.scalar(x.type as 'float32', 0)], 'bool', x.shape)
  if (!attributes.alpha) return castTo(graph, one, x.type)
  return graph.op('Where', [one, float(graph, 1), float(graph, attributes.alpha)], x.type, x.shape)
}

const clip: Body = (graph, x, { attributes: { clipValueMin, clipValueMax } }) => {
  const type = x.type as 'float32'
  return same(graph, 'Clip', x, graph.scalar(type, clipValueMin), graph.scalar(type, clipValueMax))
}

const finite: Body = (graph, x) => test(graph, 'Not', graph.op('Or', [test(graph, 'IsNaN', x), test(graph, 'IsInf', x)], 'bool', x.shape))

/** e^x - 1: near zero, where the difference would lose its digits, 2 t / (1 - t) with t = tanh(x / 2). */
const expm1: Body = (graph, x) => {
  const t = same(graph, 'Tanh', same(graph, 'Mul', x, float(graph, 0.5)))
  const near = same(graph, 'Div', same(graph, 'Mul', t, float(graph, 2)), graph.op('Sub', [float(graph, 1), t], x.type, x.shape))
  const far = same(graph, 'Sub', same(graph, 'Exp', x), float(graph, 1))
  return graph.op('Where', [test(graph, 'Less', same(graph, 'Abs', x), float(graph, 0.5)), near, far], x.type, x.shape)
}

const negate: Body = (graph, x) => (x.fill === undefined ? same(graph, 'Neg', x) : graph.fill(x.type, x.shape, -x.fill))

function unary(body: Body): Lowering {
  return (call) => symbolic(body(call.graph, operand(call, 'x'), call))
}

const cast: Lowering = (call) => {
  const { dtype } = call.attributes
  return symbolic(castTo(call.graph, operand(call, 'x'), dtype), dtype)
}

const identity: Lowering = (call) => call.inputs.x!

const filledLike =
  (fill: number): Lowering =>
  (call) => {
    const { value, dtype } = call.inputs.x!
    return { value: call.graph.fill(value.type, value.shape, fill), dtype }
  }

/** dy where the function grew linearly, dy (y + 1) where it was the exponential. */
const eluGradient: Lowering = (call) => {
  const [dy, y] = [operand(call, 'dy'), operand(call, 'y')]
  const { graph } = call
  const below = same(graph, 'Mul', dy, same(graph, 'Add', y, float(graph, 1)))
  return symbolic(
    graph.op(
      'Where',
      [graph.op('GreaterOrEqual', [y, float(graph, 0)], 'bool', y.shape), reshapeTo(graph, dy, y.shape), below],
      dy.type,
      y.shape,
    ),
  )
}

const bodies = {
  Abs: plain('Abs'),
  Acos: plain('Acos'),
  Acosh: plain('Acosh'),
  Asin: plain('Asin'),
  Asinh: plain('Asinh'),
  Atan: plain('Atan'),
  Atanh: plain('Atanh'),
  Ceil: plain('Ceil'),
  Cos: plain('Cos'),
  Cosh: plain('Cosh'),
  Elu: withAlpha('Elu', () => 1),
  Erf: plain('Erf'),
  Exp: plain('Exp'),
  Expm1: expm1,
  Floor: plain('Floor'),
  IsFinite: finite,
  IsInf: (graph, x) => test(graph, 'IsInf', x),
  IsNan: (graph, x) => test(graph, 'IsNaN', x),
  LeakyRelu: withAlpha('LeakyRelu', ({ alpha }) => alpha),
  Log: plain('Log'),
  Log1p: (graph, x) => same(graph, 'Log', same(graph, 'Add', x, float(graph, 1))),
  LogicalNot: (graph, x) => test(graph, 'Not', x),
  Neg: negate,
  Reciprocal: plain('Reciprocal'),
  Relu: plain('Relu'),
  Relu6: (graph, x) => same(graph, 'Clip', x, float(graph, 0), float(graph, 6)),
  Round: plain('Round'),
  Rsqrt: (graph, x) => same(graph, 'Reciprocal', same(graph, 'Sqrt', x)),
  Selu: plain('Selu'),
  Sigmoid: plain('Sigmoid'),
  Sign: plain('Sign'),
  Sin: plain('Sin'),
  Sinh: plain('Sinh'),
  Softplus: plain('Softplus'),
  Sqrt: plain('Sqrt'),
  Square: (graph, x) => same(graph, 'Mul', x, x),
  Step: step,
  ClipByValue: clip,
  Tan: plain('Tan'),
  Tanh: plain('Tanh'),
} satisfies Record<string, Body>

/** Functions of one tensor, element by element. */
export const unaryLowerings: Record<keyof typeof bodies | 'Cast' | 'Identity' | 'ZerosLike' | 'OnesLike' | 'EluGrad', Lowering> = {
  ...(Object.fromEntries(Object.entries(bodies).map(([kernel, body]) => [kernel, unary(body)])) as Record<keyof typeof bodies, Lowering>),
  Cast: cast,
  Identity: identity,
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
  EluGrad: eluGradient,
}
