import type { Graph, Value } from '../graph.ts'
import { type Call, castTo, type Lowering, numeric, operand, reshapeTo, symbolic } from './lowering.ts'

type Body = (graph: Graph, x: Value, call: Call) => Value

const float = (graph: Graph, x: number) => graph.scalar('float32', x)
const same = (graph: Graph, operator: string, ...inputs: Value[]) => graph.op(operator, inputs, inputs[0]!.type, inputs[0]!.shape)
const test = (graph: Graph, operator: string, ...inputs: Value[]) => graph.op(operator, inputs, 'bool', inputs[0]!.shape)
const where = (graph: Graph, condition: Value, then: Value, otherwise: Value) =>
  graph.op('Where', [condition, then, otherwise], then.type, condition.shape)

/** The operator of the same meaning. */
const plain =
  (operator: string): Body =>
  (graph, x) =>
    same(graph, operator, x)

const withAlpha =
  (operator: string, alpha: (attributes: Call['attributes']) => number): Body =>
  (graph, x, { attributes }) =>
    graph.op(operator, [x], x.type, x.shape, { attributes: { alpha: { float: alpha(attributes) } } })

/** 1 above zero, else alpha; NaN stays. Sign and Relu pass NaN on, a comparison does not. */
const step: Body = (graph, x, { attributes: { alpha } }) => {
  if (!alpha) return same(graph, 'Sign', same(graph, 'Relu', x))
  const chosen = where(graph, test(graph, 'Greater', x, float(graph, 0)), float(graph, 1), float(graph, alpha))
  return where(graph, test(graph, 'IsNaN', x), x, chosen)
}

/** 0 for NaN, where ONNX keeps NaN. */
const sign: Body = (graph, x) => {
  if (x.type !== 'float32') return same(graph, 'Sign', x)
  return where(graph, test(graph, 'IsNaN', x), float(graph, 0), same(graph, 'Sign', x))
}

const clip: Body = (graph, x, { attributes: { clipValueMin, clipValueMax } }) =>
  same(graph, 'Clip', x, graph.scalar(x.type, clipValueMin), graph.scalar(x.type, clipValueMax))

const finite: Body = (graph, x) => test(graph, 'Not', test(graph, 'Or', test(graph, 'IsNaN', x), test(graph, 'IsInf', x)))

/** e^x - 1: near zero, where the difference would lose its digits, 2 t / (1 - t) with t = tanh(x / 2). */
const expm1: Body = (graph, x) => {
  const t = same(graph, 'Tanh', same(graph, 'Mul', x, float(graph, 0.5)))
  const near = same(graph, 'Div', same(graph, 'Mul', t, float(graph, 2)), graph.op('Sub', [float(graph, 1), t], x.type, x.shape))
  const far = same(graph, 'Sub', same(graph, 'Exp', x), float(graph, 1))
  return where(graph, test(graph, 'Less', same(graph, 'Abs', x), float(graph, 0.5)), near, far)
}

/** log(1 + x), by u = 1 + x: log(u) x / (u - 1) takes the rounding of u back (Kahan); x itself where u is 1. */
const log1p: Body = (graph, x) => {
  const one = float(graph, 1)
  const u = same(graph, 'Add', x, one)
  const rounded = same(graph, 'Sub', u, one)
  const exact = same(graph, 'Mul', same(graph, 'Log', u), same(graph, 'Div', x, rounded))
  const near = where(graph, test(graph, 'Equal', rounded, float(graph, 0)), x, exact)
  // Far from zero the quotient is 1, or no number.
  return where(graph, test(graph, 'Less', same(graph, 'Abs', x), float(graph, 0.5)), near, same(graph, 'Log', u))
}

const negate: Body = (graph, x) => (x.fill === undefined ? same(graph, 'Neg', x) : graph.fill(x.type, x.shape, -x.fill))

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
  return symbolic(where(graph, test(graph, 'GreaterOrEqual', y, float(graph, 0)), reshapeTo(graph, dy, y.shape), below))
}

/** What ONNX has for int32 as well. */
const alsoIntegers = {
  Abs: plain('Abs'),
  ClipByValue: clip,
  Neg: negate,
  Relu: plain('Relu'),
  Sign: sign,
  Square: (graph, x) => same(graph, 'Mul', x, x),
} satisfies Record<string, Body>

/** Integers stay as they are. */
const rounding = { Ceil: plain('Ceil'), Floor: plain('Floor'), Round: plain('Round') } satisfies Record<string, Body>

/** What ONNX has for floats alone; integers go there and come back as JavaScript keeps them. */
const floats = {
  Acos: plain('Acos'),
  Acosh: plain('Acosh'),
  Asin: plain('Asin'),
  Asinh: plain('Asinh'),
  Atan: plain('Atan'),
  Atanh: plain('Atanh'),
  Cos: plain('Cos'),
  Cosh: plain('Cosh'),
  Elu: withAlpha('Elu', () => 1),
  Erf: plain('Erf'),
  Expm1: expm1,
  Log: plain('Log'),
  Log1p: log1p,
  Reciprocal: plain('Reciprocal'),
  Relu6: (graph, x) => same(graph, 'Clip', x, float(graph, 0), float(graph, 6)),
  Rsqrt: (graph, x) => same(graph, 'Reciprocal', same(graph, 'Sqrt', x)),
  Selu: plain('Selu'),
  Sigmoid: plain('Sigmoid'),
  Sin: plain('Sin'),
  Sinh: plain('Sinh'),
  Softplus: plain('Softplus'),
  Sqrt: plain('Sqrt'),
  Step: step,
  Tan: plain('Tan'),
  Tanh: plain('Tanh'),
} satisfies Record<string, Body>

/** What has one type of result whatever it is given. */
const fixed = {
  Exp: plain('Exp'),
  IsFinite: finite,
  IsInf: (graph, x) => test(graph, 'IsInf', x),
  IsNan: (graph, x) => test(graph, 'IsNaN', x),
  LeakyRelu: withAlpha('LeakyRelu', ({ alpha }) => alpha),
} satisfies Record<string, Body>

/** A lowering of floats and integers; `through` says how an integer goes. */
function unary(body: Body, through: 'itself' | 'unchanged' | 'float and back' | 'float'): Lowering {
  return (call) => {
    const x = numeric(call, 'x')
    if (x.type === 'float32' || through === 'itself') return symbolic(body(call.graph, x, call))
    if (through === 'unchanged') return call.inputs.x!
    const y = body(call.graph, castTo(call.graph, x, 'float32'), call)
    return symbolic(through === 'float' ? y : castTo(call.graph, y, 'int32'))
  }
}

function each<K extends string>(bodies: Record<K, Body>, through: Parameters<typeof unary>[1]): Record<K, Lowering> {
  return Object.fromEntries(Object.entries<Body>(bodies).map(([kernel, body]) => [kernel, unary(body, through)])) as Record<K, Lowering>
}

/** Functions of one tensor, element by element. */
export const unaryLowerings = {
  ...each(alsoIntegers, 'itself'),
  ...each(rounding, 'unchanged'),
  ...each(floats, 'float and back'),
  ...each(fixed, 'float'),
  Cast: cast,
  EluGrad: eluGradient,
  Identity: identity,
  LogicalNot: (call) => symbolic(test(call.graph, 'Not', operand(call, 'x'))),
  OnesLike: filledLike(1),
  ZerosLike: filledLike(0),
} satisfies Record<string, Lowering>
