import { type Graph, sameShape, type Value, type ValueType } from '../graph.ts'
import {
  broadcastShape,
  type Call,
  castTo,
  expandTo,
  type Lowering,
  narrow,
  numeric,
  operand,
  reshapeTo,
  stored,
  symbolic,
} from './lowering.ts'

/** Appends an elementwise node, its operands in their smallest form. */
export function elementwise(graph: Graph, operator: string, a: Value, b: Value, type: ValueType = a.type): Value {
  const shape = broadcastShape(a.shape, b.shape)
  if (a.fill !== undefined && b.fill !== undefined && operator in folded) {
    return graph.fill(type, shape, stored(folded[operator]!(a.fill, b.fill), type))
  }
  const x = narrow(graph, a, b, shape)
  const y = narrow(graph, b, x, shape)
  return graph.op(operator, [x, y], type, shape)
}

const folded: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
}

const where = (graph: Graph, condition: Value, then: Value, otherwise: Value): Value =>
  graph.op('Where', [condition, then, otherwise], then.type, broadcastShape(condition.shape, broadcastShape(then.shape, otherwise.shape)))

const pair = (call: Call): [Value, Value] => [operand(call, 'a'), operand(call, 'b')]

const numbers = (call: Call): [Value, Value] => [numeric(call, 'a'), numeric(call, 'b')]

const plain =
  (operator: string): Lowering =>
  (call) =>
    symbolic(elementwise(call.graph, operator, ...numbers(call)))

const logical =
  (operator: string): Lowering =>
  (call) =>
    symbolic(elementwise(call.graph, operator, ...pair(call), 'bool'))

/** An order of numbers; ONNX has none of truth values. */
const order =
  (operator: string): Lowering =>
  (call) => {
    const [a, b] = pair(call).map((value) => (value.type === 'bool' ? castTo(call.graph, value, 'int32') : value)) as [Value, Value]
    return symbolic(elementwise(call.graph, operator, a, b, 'bool'))
  }

/** An operation that leaves one operand as it is when the other is its neutral element. */
const neutral =
  (operator: string, element: number, sides: 'both' | 'right'): Lowering =>
  (call) => {
    const [a, b] = numbers(call)
    const shape = broadcastShape(a.shape, b.shape)
    if (b.fill === element) return symbolic(expandTo(call.graph, a, shape))
    if (a.fill === element && sides === 'both') return symbolic(expandTo(call.graph, b, shape))
    return symbolic(elementwise(call.graph, operator, a, b))
  }

const squaredDifference: Lowering = (call) => {
  const difference = elementwise(call.graph, 'Sub', ...numbers(call))
  return symbolic(call.graph.op('Mul', [difference, difference], difference.type, difference.shape))
}

/** Operands as JavaScript computes with them: in doubles, integers too. */
const doubles = (call: Call): [Value, Value] => numbers(call).map((value) => castTo(call.graph, value, 'float64')) as [Value, Value]

const floorDivision: Lowering = (call) => {
  const { graph } = call
  const quotient = elementwise(graph, 'Div', ...doubles(call))
  return symbolic(castTo(graph, graph.op('Floor', [quotient], quotient.type, quotient.shape), 'int32'))
}

/** The remainder with the divisor's sign, by the steps of TensorFlow.js. */
const remainder: Lowering = (call) => {
  const { graph } = call
  const [a, b] = doubles(call)
  const shape = broadcastShape(a.shape, b.shape)
  const modulo = (x: Value) => graph.op('Mod', [x, b], x.type, shape, { attributes: { fmod: 1 } })
  const zero = graph.scalar('float64', 0)
  const signs = (operator: string) => {
    const [ofA, ofB] = [a, b].map((x) => graph.op(operator, [x, zero], 'bool', x.shape)) as [Value, Value]
    return elementwise(graph, 'And', ofA, ofB, 'bool')
  }
  const alike = elementwise(graph, 'Or', signs('Less'), signs('GreaterOrEqual'), 'bool')
  const first = modulo(a)
  return symbolic(castTo(graph, where(graph, alike, first, modulo(elementwise(graph, 'Add', first, b))), call.inputs.a!.value.type))
}

const power: Lowering = (call) => {
  const { graph } = call
  const [a, b] = numbers(call)
  const shape = broadcastShape(a.shape, b.shape)
  if (b.fill === 1) return symbolic(expandTo(graph, a, shape))
  if (b.fill === 2 && sameShape(shape, a.shape)) return symbolic(graph.op('Mul', [a, a], a.type, shape))
  if (a.type === 'int32') return symbolic(castTo(graph, elementwise(graph, 'Pow', ...doubles(call)), 'int32'))
  const result = elementwise(graph, 'Pow', a, b)
  if (Number.isFinite(b.fill)) return symbolic(result)
  // C takes 1 to any power for 1, JavaScript has NaN where the exponent is no finite number.
  const one = graph.op('Equal', [graph.op('Abs', [a], a.type, a.shape), graph.scalar('float32', 1)], 'bool', a.shape)
  const odd = graph.op('Or', [graph.op('IsNaN', [b], 'bool', b.shape), graph.op('IsInf', [b], 'bool', b.shape)], 'bool', b.shape)
  return symbolic(where(graph, elementwise(graph, 'And', one, odd, 'bool'), graph.scalar('float32', Number.NaN), result))
}

/**
 * The angle of (b, a), from the angle in the first octant. Zeros have signs there, which comparisons don't see: 1 / b
 * and 1 / a show them.
 */
const arcTangent: Lowering = (call) => {
  const { graph } = call
  const [y, x] = numbers(call).map((value) => castTo(graph, value, 'float32')) as [Value, Value]
  const shape = broadcastShape(y.shape, x.shape)
  const number = (value: number) => graph.scalar('float32', value)
  const one = (operator: string, value: Value) => graph.op(operator, [value], 'float32', value.shape)
  const [height, width] = [one('Abs', y), one('Abs', x)]
  const steep = elementwise(graph, 'Greater', height, width, 'bool')
  const both = graph.op('And', [test(graph, 'IsInf', height), test(graph, 'IsInf', width)], 'bool', shape)
  const ratio = elementwise(graph, 'Div', elementwise(graph, 'Min', height, width), elementwise(graph, 'Max', height, width))
  const nothing = elementwise(graph, 'Equal', elementwise(graph, 'Max', height, width), number(0), 'bool')
  const slope = where(graph, both, number(1), where(graph, nothing, number(0), ratio))
  const octant = one('Atan', slope)
  const quadrant = where(graph, steep, elementwise(graph, 'Sub', number(Math.PI / 2), octant), octant)
  const negative = (value: Value) =>
    elementwise(graph, 'Less', elementwise(graph, 'Add', value, one('Reciprocal', value)), number(0), 'bool')
  const half = where(graph, negative(x), elementwise(graph, 'Sub', number(Math.PI), quadrant), quadrant)
  const angle = where(graph, negative(y), one('Neg', half), half)
  return symbolic(castTo(graph, angle, operand(call, 'a').type))
}

const test = (graph: Graph, operator: string, value: Value): Value => graph.op(operator, [value], 'bool', value.shape)

const notEqual: Lowering = (call) => {
  const equal = elementwise(call.graph, 'Equal', ...pair(call), 'bool')
  return symbolic(call.graph.op('Not', [equal], 'bool', equal.shape))
}

export function leakyBy(graph: Graph, x: Value, alpha: Value): Value {
  const below = elementwise(graph, 'Mul', x, alpha)
  return where(graph, elementwise(graph, 'Less', x, graph.scalar('float32', 0), 'bool'), below, x)
}

const prelu: Lowering = (call) => {
  const { graph } = call
  return symbolic(leakyBy(graph, castTo(graph, numeric(call, 'x'), 'float32'), castTo(graph, numeric(call, 'alpha'), 'float32')))
}

const select: Lowering = (call) => {
  const { graph } = call
  const [condition, t, e] = [operand(call, 'condition'), operand(call, 't'), operand(call, 'e')]
  // A condition of rank 1 chooses whole rows.
  const rows = condition.shape.length === 1 && t.shape.length > 1
  const chosen = rows ? reshapeTo(graph, condition, [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)]) : condition
  if (t.type !== 'bool') return symbolic(where(graph, chosen, t, e), call.inputs.t!.dtype)
  const [then, otherwise] = [elementwise(graph, 'And', chosen, t, 'bool'), elementwise(graph, 'And', test(graph, 'Not', chosen), e, 'bool')]
  return symbolic(elementwise(graph, 'Or', then, otherwise, 'bool'))
}

const sumOfMany: Lowering = (call) => {
  const values = Object.keys(call.inputs).map((input) => numeric(call, input))
  if (values[0]!.type === 'float32') return symbolic(call.graph.op('Sum', values, 'float32', values[0]!.shape))
  return symbolic(values.reduce((sum, value) => elementwise(call.graph, 'Add', sum, value)))
}

/** Functions of two tensors, element by element, with broadcasting. */
export const binaryLowerings = {
  Add: neutral('Add', 0, 'both'),
  AddN: sumOfMany,
  Atan2: arcTangent,
  BitwiseAnd: plain('BitwiseAnd'),
  Equal: logical('Equal'),
  FloorDiv: floorDivision,
  Greater: order('Greater'),
  GreaterEqual: order('GreaterOrEqual'),
  Less: order('Less'),
  LessEqual: order('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  Maximum: plain('Max'),
  Minimum: plain('Min'),
  Mod: remainder,
  Multiply: neutral('Mul', 1, 'both'),
  NotEqual: notEqual,
  Pow: power,
  Prelu: prelu,
  RealDiv: neutral('Div', 1, 'right'),
  Select: select,
  SquaredDifference: squaredDifference,
  Sub: neutral('Sub', 0, 'right'),
} satisfies Record<string, Lowering>
