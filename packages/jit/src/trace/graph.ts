import type { OnnxAttribute } from '@kd/core/onnx'

/** int64, float64 and bytes are steps on the way only: no tensor of TensorFlow.js has them. */
export type ValueType = 'float32' | 'int32' | 'bool' | 'int64' | 'float64' | 'int8' | 'uint8'
export type Constant = Float32Array | Int32Array | Uint8Array | Int8Array | BigInt64Array | Float64Array

/** What flows between the nodes of a recorded graph. */
export interface Value {
  readonly id: number
  readonly type: ValueType
  readonly shape: readonly number[]
  /** The node that makes it; absent for inputs and constants. */
  readonly node?: Node
  /** The name of the graph's input that it is. */
  readonly input?: string
  /** The number that all its elements are. */
  readonly fill?: number
  /** Its elements, if they are known and differ. */
  readonly data?: Constant
}

export interface Node {
  readonly operator: string
  readonly domain: string
  readonly inputs: readonly (Value | undefined)[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
  readonly outputs: readonly Value[]
}

export interface NodeOptions {
  attributes?: Readonly<Record<string, OnnxAttribute>>
  domain?: string
}

/**
 * The graph as it is recorded: ONNX operators between values. A node that is there already is not made twice, so that
 * what TensorFlow.js's gradients compute again and again is computed once.
 */
export class Graph {
  readonly #known = new Map<string, readonly Value[]>()
  readonly inputs: Value[] = []
  #count = 0

  input(name: string, type: ValueType, shape: readonly number[]): Value {
    const value: Value = { id: this.#count++, type, shape: [...shape], input: name }
    this.inputs.push(value)
    return value
  }

  fill(type: ValueType, shape: readonly number[], fill: number): Value {
    const key = `fill ${type}[${shape}]${Object.is(fill, -0) ? '-0' : fill}`
    return this.#once(key, () => [{ id: this.#count++, type, shape: [...shape], fill }])[0]!
  }

  /** A constant of the given elements, which are not copied. */
  constant(type: ValueType, shape: readonly number[], data: Constant): Value {
    const first = data[0]
    if (data.length > 0 && typeof first === 'number' && (data as Float32Array).every((value) => Object.is(value, first))) {
      return this.fill(type, shape, first)
    }
    const make = (): Value[] => [{ id: this.#count++, type, shape: [...shape], data }]
    return (data.length <= 64 ? this.#once(`data ${type}[${shape}]${data.join()}`, make) : make())[0]!
  }

  /** A one-dimensional int64 constant: the form in which ONNX wants shapes, axes and the like. */
  ints(values: readonly number[]): Value {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt))
  }

  scalar(type: ValueType, value: number): Value {
    return this.fill(type, [], value)
  }

  op(operator: string, inputs: readonly (Value | undefined)[], type: ValueType, shape: readonly number[], options?: NodeOptions): Value {
    return this.ops(operator, inputs, [{ type, shape }], options)[0]!
  }

  ops(
    operator: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly { type: ValueType; shape: readonly number[] }[],
    { attributes = {}, domain = '' }: NodeOptions = {},
  ): readonly Value[] {
    const key = `${domain}.${operator}(${inputs.map((value) => value?.id).join()})${JSON.stringify(attributes)}${outputs.map(({ type }) => type)}`
    return this.#once(key, () => {
      const values: Value[] = []
      const node: Node = { operator, domain, inputs, attributes, outputs: values }
      for (const { type, shape } of outputs) values.push({ id: this.#count++, type, shape: [...shape], node })
      return values
    })
  }

  #once(key: string, make: () => readonly Value[]): readonly Value[] {
    let values = this.#known.get(key)
    if (values === undefined) this.#known.set(key, (values = make()))
    return values
  }
}

/** All nodes that the outputs need, each after those it needs itself. */
export function reachable(outputs: readonly Value[]): Node[] {
  const order: Node[] = []
  const seen = new Set<Node>()
  // A stack of its own: a recorded training step is thousands of nodes deep.
  const stack: { node: Node; next: number }[] = []
  const visit = (value: Value | undefined) => {
    if (value?.node && !seen.has(value.node)) {
      seen.add(value.node)
      stack.push({ node: value.node, next: 0 })
    }
  }
  for (const output of outputs) {
    visit(output)
    while (stack.length > 0) {
      const top = stack.at(-1)!
      if (top.next < top.node.inputs.length) visit(top.node.inputs[top.next++])
      else order.push(stack.pop()!.node)
    }
  }
  return order
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1)

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((side, axis) => side === b[axis])
