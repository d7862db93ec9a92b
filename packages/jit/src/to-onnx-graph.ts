import { KdError } from '@kd/core'
import { type OnnxData, OnnxGraph } from '@kd/core/onnx'
import type * as tf from '@tensorflow/tfjs-core'
import { arrays } from './trace/emit.ts'
import { type Node, reachable, sizeOf, type Value } from './trace/graph.ts'
import { see } from './trace/refuse.ts'

/** A tensor of the signature. */
export interface OnnxInput {
  /** `null`, as the first side only, stands for any size: the batch. */
  shape: readonly (number | null)[]
  /** Default: float32. */
  dtype?: 'float32' | 'int32' | 'bool'
  /** Default: `input_0` and so on, in the order of the signature. */
  name?: string
}

/** One recording, at one size of the batch, as what is to be written. */
export interface Tracing {
  readonly inputs: readonly Required<OnnxInput>[]
  readonly outputs: Readonly<Record<string, Value>>
  readonly variables: ReadonlyMap<string, tf.Variable>
}

/** The same value in each tracing. */
type Same<T> = readonly T[]

const batchName = 'batch'

/**
 * Tracings of one function at several sizes of the batch as one model, in which the batch is free: nodes and weights must
 * agree; shapes and numbers that differ must follow from the batch's size, and are computed from it.
 * @throws KdError of kind `engine` that speaks of the size of the batch
 */
export function portableModel(tracings: Same<Tracing>, sizes: Same<number>): Uint8Array {
  const [first] = tracings as [Tracing]
  const onnx = new OnnxGraph()
  const writer = new Writer(onnx, sizes)
  for (const { name, dtype, shape } of first.inputs) {
    onnx.input(
      name,
      dtype,
      shape.map((side) => side ?? batchName),
    )
    if (shape[0] === null) writer.batchFrom(name)
  }
  const names = Object.keys(first.outputs)
  const outputs = tracings.map(({ outputs }) => names.map((name) => outputs[name]!))
  const nodes = outputs.map((values) => reachable(values))
  if (nodes.some(({ length }) => length !== nodes[0]!.length)) throw differs('number of operations')
  writer.variables = first.variables
  nodes[0]!.forEach((_, index) => {
    writer.node(nodes.map((list) => list[index]!))
  })
  names.forEach((name, index) => {
    const values = outputs.map((list) => list[index]!)
    onnx.output(writer.name(values), name, values[0]!.type as 'float32', writer.shape(values))
  })
  return onnx.toBytes('kd')
}

const differs = (what: string): KdError =>
  new KdError({
    kind: 'engine',
    what: `the ${what} depends on the size of the batch in a way that a free batch can not have`,
    fix: see('Give the first side of the inputs as a number.', 'refused'),
  })

class Writer {
  variables: Tracing['variables'] = new Map()
  readonly #onnx: OnnxGraph
  readonly #sizes: Same<number>
  /** By the first tracing's value; the others' must be those of the same place. */
  readonly #made = new Map<Value, { name: string; values: Same<Value> }>()
  readonly #constants = new Map<string, string>()
  #batchInput: string | undefined
  #batch: string | undefined

  constructor(onnx: OnnxGraph, sizes: Same<number>) {
    this.#onnx = onnx
    this.#sizes = sizes
  }

  batchFrom(input: string): void {
    this.#batchInput ??= input
  }

  node(nodes: Same<Node>): void {
    const [node] = nodes as [Node]
    const { operator, domain, attributes, outputs, inputs } = node
    const described = ({ operator, domain, attributes, inputs, outputs }: Node) =>
      JSON.stringify([operator, domain, attributes, inputs.length, outputs.length])
    if (nodes.some((other) => described(other) !== described(node))) throw differs(`operation ${operator}`)
    // The factor of the product in whole numbers is one.
    const left = operator === 'MatMulIntegerToFloat' ? 2 : undefined
    const names = inputs.map((input, at) => (input && at !== left ? this.name(nodes.map((one) => one.inputs[at]!)) : ''))
    const portable = this.#portable[operator]
    const made = portable ? [portable(names, node)] : this.#onnx.nodes(operator, names, { attributes, domain, outputs: outputs.length })
    outputs.forEach((value, at) => {
      this.#made.set(value, { name: made[at]!, values: nodes.map((one) => one.outputs[at]!) })
    })
  }

  /** ONNX Runtime's own operators in ONNX's terms. */
  readonly #portable: Readonly<Record<string, (names: string[], node: Node) => string>> = {
    FusedMatMul: (names, { attributes, inputs }) => {
      const factors = names.map((name, at) => {
        if (!attributes[at === 0 ? 'transA' : 'transB']) return name
        const perm = inputs[at]!.shape.map((_, axis) => axis)
        perm.push(...perm.splice(-2, 1))
        return this.#onnx.node('Transpose', [name], { attributes: { perm } })
      })
      return this.#onnx.node('MatMul', factors)
    },
    MatMulIntegerToFloat: ([a, b, , scales, zeroA, zeroB]) => {
      const whole = this.#onnx.node('MatMulInteger', [a!, b!, zeroA!, zeroB!])
      return this.#onnx.node('Mul', [this.#onnx.node('Cast', [whole], { attributes: { to: 1 } }), scales!])
    },
  }

  name(values: Same<Value>): string {
    const [value] = values as [Value]
    const made = this.#made.get(value)
    if (made) {
      if (made.values.some((other, at) => other !== values[at])) throw differs('order of operations')
      return made.name
    }
    if (values.some((other) => other.node || other.input !== value.input)) throw differs('order of operations')
    const key = values.map(({ id }) => id).join()
    let name = this.#constants.get(key)
    if (name === undefined) this.#constants.set(key, (name = value.input === undefined ? this.#constant(values) : this.#input(value)))
    return name
  }

  #input({ input, type, shape }: Value): string {
    const variable = this.variables.get(input!)
    return variable ? this.#onnx.initializer(type as 'float32', shape, variable.dataSync().slice() as Float32Array) : input!
  }

  #constant(values: Same<Value>): string {
    const [{ type, shape, fill, data }] = values as [Value]
    const sameShape = values.every((other) => other.shape.join() === shape.join())
    if (fill !== undefined && values.every((other) => other.fill !== undefined)) {
      const one = values.every((other) => Object.is(other.fill, fill)) ? this.#stored(type, [], fill) : this.#number(values)
      if (shape.length === 0) return one
      return this.#onnx.node('Expand', [one, this.#integers(shape.map((_, axis) => values.map((other) => other.shape[axis]!)))])
    }
    const list = values.map(elements)
    if (sameShape && list.every((other) => other.every((element, at) => Object.is(element, list[0]![at])))) {
      return this.#onnx.initializer(type as 'float32', shape, data as OnnxData)
    }
    if (type !== 'int64' || !sameShape || shape.length !== 1) throw differs('values of a constant')
    return this.#integers(list[0]!.map((_, at) => list.map((other) => Number(other[at]))))
  }

  #stored(type: Value['type'], shape: readonly number[], fill: number): string {
    const size = sizeOf(shape)
    if (type === 'int64') return this.#onnx.initializer(type, shape, new BigInt64Array(size).fill(BigInt(fill)))
    return this.#onnx.initializer(type, shape, new arrays[type](size).fill(fill))
  }

  /** A number that is a multiple of the batch, or of one by it: 1 / batch is what means are made of. */
  #number(values: Same<Value>): string {
    const { type } = values[0]!
    const fills = values.map(({ fill }) => fill!)
    const numbers = { float32: 1, int32: 6, int64: 7 } as Record<string, number>
    const [shape, to] = [this.#integers([]), numbers[type]]
    if (to === undefined) throw differs('value of a constant')
    const batch = this.#onnx.node('Cast', [this.#onnx.node('Reshape', [this.#size(), shape])], { attributes: { to } })
    for (const [operator, factors] of [
      ['Mul', fills.map((fill, at) => fill / this.#sizes[at]!)],
      ['Div', fills.map((fill, at) => fill * this.#sizes[at]!)],
    ] as const) {
      const factor = Math.abs(factors[0]! - Math.round(factors[0]!)) < 1e-5 ? Math.round(factors[0]!) : factors[0]!
      if (factors.some((other) => Math.abs(other - factor) > 1e-6 * Math.abs(factor))) continue
      const constant = this.#stored(type, [], factor)
      return this.#onnx.node(operator, operator === 'Mul' ? [batch, constant] : [constant, batch])
    }
    throw differs('value of a constant')
  }

  /** int64 `[n]`: each a number, or a whole number of batches and a number. */
  #integers(elements: readonly Same<number>[]): string {
    const linear = elements.map((element) => this.#linear(element))
    if (linear.every(({ batches }) => batches === 0)) {
      return linear.length === 0
        ? this.#onnx.initializer('int64', [0], new BigInt64Array(0))
        : this.#onnx.constant(
            'int64',
            linear.map(({ rest }) => rest),
          )
    }
    const parts = linear.map(({ batches, rest }) => {
      if (batches === 0) return this.#onnx.constant('int64', [rest])
      const scaled = batches === 1 ? this.#size() : this.#onnx.node('Mul', [this.#size(), this.#onnx.constant('int64', [batches])])
      return rest === 0 ? scaled : this.#onnx.node('Add', [scaled, this.#onnx.constant('int64', [rest])])
    })
    return parts.length === 1 ? parts[0]! : this.#onnx.node('Concat', parts, { attributes: { axis: 0 } })
  }

  #linear(element: Same<number>): { batches: number; rest: number } {
    const [a, b] = element as [number, number]
    if (element.every((other) => other === a)) return { batches: 0, rest: a }
    const batches = (b - a) / (this.#sizes[1]! - this.#sizes[0]!)
    const rest = a - batches * this.#sizes[0]!
    const follows = element.every((other, at) => other === batches * this.#sizes[at]! + rest)
    if (!Number.isInteger(batches) || !follows) throw differs('size of a tensor')
    return { batches, rest }
  }

  /** int64 `[1]`: the size of the batch. */
  #size(): string {
    this.#batch ??= this.#onnx.node('Shape', [this.#batchInput!], { attributes: { start: 0, end: 1 } })
    return this.#batch
  }

  /** A shape with names for what the batch decides. */
  shape(values: Same<Value>): (number | string)[] {
    return values[0]!.shape.map((side, axis) => {
      const { batches, rest } = this.#linear(values.map(({ shape }) => shape[axis]!))
      if (batches === 0) return side
      return batches === 1 && rest === 0 ? batchName : `${batches} * ${batchName} + ${rest}`
    })
  }
}

function elements({ data, fill, shape }: Value): (number | bigint)[] {
  return data ? Array.from(data as unknown as ArrayLike<number | bigint>) : Array<number>(sizeOf(shape)).fill(fill!)
}
