import { type Node, reachable, sizeOf, type Value } from '../trace/graph.ts'

/** What numbers of a graph's inputs give, by name. */
export type Scalars = (inputs: Readonly<Record<string, number>>) => Record<string, number>

const truth = (value: boolean): number => (value ? 1 : 0)

/** Operators on single numbers; truth values are 0 and 1. */
const operations: Readonly<Record<string, (...operands: number[]) => number>> = {
  Abs: Math.abs,
  Neg: (x) => -x!,
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Tanh: Math.tanh,
  Sin: Math.sin,
  Cos: Math.cos,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Reciprocal: (x) => 1 / x!,
  Add: (a, b) => a! + b!,
  Sub: (a, b) => a! - b!,
  Mul: (a, b) => a! * b!,
  Div: (a, b) => a! / b!,
  Pow: (a, b) => a! ** b!,
  Min: Math.min,
  Max: Math.max,
  Less: (a, b) => truth(a! < b!),
  LessOrEqual: (a, b) => truth(a! <= b!),
  Greater: (a, b) => truth(a! > b!),
  GreaterOrEqual: (a, b) => truth(a! >= b!),
  Equal: (a, b) => truth(a === b),
  IsNaN: (x) => truth(Number.isNaN(x)),
  IsInf: (x) => truth(Math.abs(x!) === Number.POSITIVE_INFINITY),
  And: (a, b) => truth(a! > 0 && b! > 0),
  Or: (a, b) => truth(a! > 0 || b! > 0),
  Not: (x) => 1 - x!,
  Where: (condition, a, b) => (condition ? a! : b!),
}

/** Those that change the shape alone, of their first input. */
const shapes = new Set(['Identity', 'Reshape', 'Expand', 'Squeeze', 'Unsqueeze'])

/**
 * A graph's values of one element each as a function, in single precision: a session's run of a few numbers takes half a millisecond.
 * Functions such as `Exp` may differ from ONNX Runtime's in the last bit.
 * @returns undefined if there is anything else in it
 */
export function scalarsOf(outputs: ReadonlyMap<string, Value>): Scalars | undefined {
  const nodes = reachable([...outputs.values()])
  const isNumber = ({ type, shape }: Value) => (type === 'float32' || type === 'bool') && sizeOf(shape) === 1
  const operands = ({ operator, inputs }: Node) => (shapes.has(operator) ? inputs.slice(0, 1) : inputs) as readonly Value[]
  const known = (node: Node) =>
    (Object.hasOwn(operations, node.operator) || shapes.has(node.operator)) &&
    [...node.outputs, ...operands(node)].every((value) => value && isNumber(value))
  if (!nodes.every(known) || ![...outputs.values()].every(isNumber)) return undefined
  return (inputs) => {
    const found = new Map<Value, number>()
    const numberOf = (value: Value): number => {
      const { fill, data, input } = value
      return found.get(value) ?? fill ?? (data ? Number(data[0]) : Math.fround(inputs[input!]!))
    }
    for (const node of nodes) {
      const numbers = operands(node).map(numberOf)
      const [output] = node.outputs
      found.set(output!, shapes.has(node.operator) ? numbers[0]! : Math.fround(operations[node.operator]!(...numbers)))
    }
    return Object.fromEntries([...outputs].map(([name, value]) => [name, numberOf(value)]))
  }
}
