import { type Graph, sameShape, type Value, type ValueType } from '../graph.ts'
import { broadcastShape, type Call, castTo, expandTo, type Lowering, narrow, operand, reshapeTo, symbolic } from './lowering.ts'

/** Appends an elementwise node, its operands in their smallest form. */
export function elementwise(graph: Graph, operator: string, a: Value, b: Value, type: ValueType = a.type): Value {
  const shape = broadcastShape(a.shape, b.shape)
  if (a.fill !== undefined && b.fill !== undefined && operator in folded) {
    return graph.fill(type, shape, folded[operator]!(a.fill, b.fill, type))
  }
  const x = narrow(graph, a, b, shape)
  const y = narrow(graph, b, x, shape)
  return graph.op(operator, [x, y], type, shape)
}

const round = (value: number, type: ValueType) => (type === 'float32' ? Math.fround(value) : Math.trunc(value))
const folded: Record<string, (a: number, b: number, type: ValueType) => number> = {
  Add: (a, b, type) => round(a + b, type),
  Sub: (a, b, type) => round(a - b, type),
  Mul: (a, b, type) => round(a * b, type),
}

const pair = (call: Call): [Value, Value] => [operand(call, 'a'), operand(call, 'b')]

const plain =
  (operator: string): Lowering =>
  (call) =>
    symbolic(elementwise(call.graph, operator, ...pair(call)), call.inputs.a!.dtype)

const comparison =
  (operator: string): Lowering =>
  (call) =>
    symbolic(elementwise(call.graph, operator, ...pair(call), 'bool'))

/** An operation that leaves one operand as it is when the other is its neutral element. */
const neutral =
  (operator: string, element: number, sides: 'both' | 'right'): Lowering =>
  (call) => {
    const [a, b] = pair(call)
    const { dtype } = call.inputs.a!
    const shape = broadcastShape(a.shape, b.shape)
    if (b.fill === element) return symbolic(expandTo(call.graph, a, shape), dtype)
    if (a.fill === element && sides === 'both') return symbolic(expandTo(call.graph, b, shape), dtype)
    return symbolic(elementwise(call.graph, operator, a, b), dtype)
  }

const squaredDifference: Lowering = (call) => {
  const difference = elementwise(call.graph, 'Sub', ...pair(call))
  return symbolic(call.graph.op('Mul', [difference, difference], difference.type, difference.shape))
}

const floorDivision: Lowering = (call) => {
  const { graph } = call
  const [a, b] = pair(call)
  const quotient = elementwise(graph, 'Div', castTo(graph, a, 'float32'), castTo(graph, b, 'float32'))
  return symbolic(castTo(graph, graph.op('Floor', [quotient], 'float32', quotient.shape), 'int32'))
}

/** The remainder with the divisor's sign, as TensorFlow.js has it. */
const remainder: Lowering = (call) => {
  const { graph } = call
  const [a, b] = pair(call)
  if (a.type === 'int32') return symbolic(elementwise(graph, 'Mod', a, b))
  const quotient = elementwise(graph, 'Div', a, b)
  const whole = graph.op('Floor', [quotient], 'float32', quotient.shape)
  return symbolic(elementwise(graph, 'Sub', a, elementwise(graph, 'Mul', b, whole)))
}

const power: Lowering = (call) => {
  const [a, b] = pair(call)
  const shape = broadcastShape(a.shape, b.shape)
  if (b.fill === 1) return symbolic(expandTo(call.graph, a, shape))
  if (b.fill === 2 && sameShape(shape, a.shape)) return symbolic(call.graph.op('Mul', [a, a], a.type, shape))
  return symbolic(elementwise(call.graph, 'Pow', a, b))
}

const notEqual: Lowering = (call) => {
  const equal = elementwise(call.graph, 'Equal', ...pair(call), 'bool')
  return symbolic(call.graph.op('Not', [equal], 'bool', equal.shape))
}

const prelu: Lowering = (call) => {
  const { graph } = call
  const [x, alpha] = [operand(call, 'x'), operand(call, 'alpha')]
  const shape = broadcastShape(x.shape, alpha.shape)
  const below = elementwise(graph, 'Mul', x, alpha)
  return symbolic(graph.op('Where', [elementwise(graph, 'Less', x, graph.scalar('float32', 0), 'bool'), below, x], x.type, shape))
}

const select: Lowering = (call) => {
  const { graph } = call
  const [condition, t, e] = [operand(call, 'condition'), operand(call, 't'), operand(call, 'e')]
  // A condition of rank 1 chooses whole rows.
  const rows = condition.shape.length === 1 && t.shape.length > 1
  const chosen = rows ? reshapeTo(graph, condition, [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)]) : condition
  return symbolic(
    graph.op('Where', [chosen, t, e], t.type, broadcastShape(chosen.shape, broadcastShape(t.shape, e.shape))),
    call.inputs.t!.dtype,
  )
}

const sumOfMany: Lowering = (call) => {
  const values = Object.values(call.inputs).map((input) => input!.value)
  return symbolic(call.graph.op('Sum', values, values[0]!.type, values[0]!.shape))
}

/** Functions of two tensors, element by element, with broadcasting. */
export const binaryLowerings = {
  Add: neutral('Add', 0, 'both'),
  AddN: sumOfMany,
  Equal: comparison('Equal'),
  FloorDiv: floorDivision,
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: comparison('And'),
  LogicalOr: comparison('Or'),
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
