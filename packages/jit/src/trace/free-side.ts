import { KdError } from '@kd/core'
import { type OnnxData, OnnxGraph } from '@kd/core/onnx'
import type * as tf from '@tensorflow/tfjs-core'
import { arrays, type EmittedModel } from './emit.ts'
import { type Node, reachable, sizeOf, type Value } from './graph.ts'
import { peakBytes } from './peak.ts'
import { see } from './refuse.ts'

/** An input of the model. */
export interface TracedInput {
  readonly name: string
  readonly dtype: 'float32' | 'int32' | 'bool'
  /** `null`, as the first side only, is the free one. */
  readonly shape: readonly (number | null)[]
}

/** One recording, at one size of the free side, as what is to be written. */
export interface Tracing {
  readonly inputs: readonly TracedInput[]
  readonly outputs: Readonly<Record<string, Value>>
  readonly variables: ReadonlyMap<string, tf.Variable>
}

/** The same value in each tracing. */
type Same<T> = readonly T[]

export interface FreeSide {
  /** What it is called in the model and in errors. */
  readonly name: string
  /** Whether ONNX Runtime's own operators are written in ONNX's terms. */
  readonly portable: boolean
}

/**
 * Tracings of one function at several sizes of a side as one model, in which that side is free: nodes and weights must
 * agree; shapes and numbers that differ must follow from the side's size, and are computed from it.
 * @param tracings the first input with a free side tells its size
 * @throws KdError of kind `engine` that speaks of the size of that side
 */
export function freeSideModel(tracings: Same<Tracing>, sizes: Same<number>, side: FreeSide): EmittedModel {
  const [first] = tracings as [Tracing]
  const onnx = new OnnxGraph()
  const writer = new Writer(onnx, sizes, side)
  for (const { name, dtype, shape } of first.inputs) {
    onnx.input(
      name,
      dtype,
      shape.map((length) => length ?? side.name),
    )
    if (shape[0] === null) writer.sizeFrom(name)
  }
  const names = Object.keys(first.outputs)
  const outputs = tracings.map(({ outputs }) => names.map((name) => outputs[name]!))
  const nodes = outputs.map((values) => reachable(values))
  if (nodes.some(({ length }) => length !== nodes[0]!.length)) throw writer.differs('number of operations')
  writer.variables = first.variables
  if (!side.portable) writer.outputNames = new Map(Object.entries(first.outputs).map(([name, value]) => [value, name]))
  nodes[0]!.forEach((_, index) => {
    writer.node(nodes.map((list) => list[index]!))
  })
  names.forEach((name, index) => {
    const values = outputs.map((list) => list[index]!)
    onnx.output(writer.name(values), name, values[0]!.type as 'float32', writer.shape(values))
  })
  return {
    bytes: onnx.toBytes('kd'),
    inputs: first.inputs.map(({ name }) => name),
    nodes: onnx.nodeCount,
    sequential: nodes[0]!.some(({ operator }) => operator === 'ScatterND'),
    peak: peakBytes(nodes[0]!, outputs[0]!),
  }
}

class Writer {
  variables: Tracing['variables'] = new Map()
  /** What nodes write outputs under; of others ONNX makes a copy. */
  outputNames: ReadonlyMap<Value, string> | undefined
  readonly #onnx: OnnxGraph
  readonly #sizes: Same<number>
  readonly #side: FreeSide
  /** By the first tracing's value; the others' must be those of the same place. */
  readonly #made = new Map<Value, { name: string; values: Same<Value> }>()
  readonly #constants = new Map<string, string>()
  #sizeInput: string | undefined
  #sizeName: string | undefined

  constructor(onnx: OnnxGraph, sizes: Same<number>, side: FreeSide) {
    this.#onnx = onnx
    this.#sizes = sizes
    this.#side = side
  }

  sizeFrom(input: string): void {
    this.#sizeInput ??= input
  }

  differs(what: string): KdError {
    const { name } = this.#side
    return new KdError({
      kind: 'engine',
      what: `the ${what} depends on the size of the ${name} in a way that a free ${name} can not have`,
      fix: see('Give the first side of the inputs as a number.', 'refused'),
    })
  }

  node(nodes: Same<Node>): void {
    const [node] = nodes as [Node]
    const { operator, domain, attributes, outputs, inputs } = node
    const described = ({ operator, domain, attributes, inputs, outputs }: Node) =>
      JSON.stringify([operator, domain, attributes, inputs.length, outputs.length])
    if (nodes.some((other) => described(other) !== described(node))) throw this.differs(`operation ${operator}`)
    // The factor of the product in whole numbers is one.
    const left = this.#side.portable && operator === 'MatMulIntegerToFloat' ? 2 : undefined
    const names = inputs.map((input, at) => (input && at !== left ? this.name(nodes.map((one) => one.inputs[at]!)) : ''))
    const portable = this.#side.portable ? this.#portable[operator] : undefined
    const results = this.outputNames ? outputs.map((value) => this.outputNames!.get(value) ?? `v${value.id}`) : outputs.length
    const made = portable ? [portable(names, node)] : this.#onnx.nodes(operator, names, { attributes, domain, outputs: results })
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
      if (made.values.some((other, at) => other !== values[at])) throw this.differs('order of operations')
      return made.name
    }
    if (values.some((other) => other.node || other.input !== value.input)) throw this.differs('order of operations')
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
    if (type !== 'int64' || !sameShape || shape.length !== 1) throw this.differs('values of a constant')
    return this.#integers(list[0]!.map((_, at) => list.map((other) => Number(other[at]))))
  }

  #stored(type: Value['type'], shape: readonly number[], fill: number): string {
    const size = sizeOf(shape)
    if (type === 'int64') return this.#onnx.initializer(type, shape, new BigInt64Array(size).fill(BigInt(fill)))
    return this.#onnx.initializer(type, shape, new arrays[type](size).fill(fill))
  }

  /** A number that is a multiple of the free size, or of one by it: 1 / batch is what means are made of. */
  #number(values: Same<Value>): string {
    const { type } = values[0]!
    const fills = values.map(({ fill }) => fill!)
    const numbers = { float32: 1, int32: 6, int64: 7 } as Record<string, number>
    const [shape, to] = [this.#integers([]), numbers[type]]
    if (to === undefined) throw this.differs('value of a constant')
    const size = this.#onnx.node('Cast', [this.#onnx.node('Reshape', [this.#size(), shape])], { attributes: { to } })
    for (const [operator, factors] of [
      ['Mul', fills.map((fill, at) => fill / this.#sizes[at]!)],
      ['Div', fills.map((fill, at) => fill * this.#sizes[at]!)],
    ] as const) {
      const factor = Math.abs(factors[0]! - Math.round(factors[0]!)) < 1e-5 ? Math.round(factors[0]!) : factors[0]!
      if (factors.some((other) => Math.abs(other - factor) > 1e-6 * Math.abs(factor))) continue
      const constant = this.#stored(type, [], factor)
      return this.#onnx.node(operator, operator === 'Mul' ? [size, constant] : [constant, size])
    }
    throw this.differs('value of a constant')
  }

  /** int64 `[n]`: each a number, or a whole number of free sizes and a number. */
  #integers(elements: readonly Same<number>[]): string {
    const linear = elements.map((element) => this.#linear(element))
    if (linear.every(({ times }) => times === 0)) {
      return linear.length === 0
        ? this.#onnx.initializer('int64', [0], new BigInt64Array(0))
        : this.#onnx.constant(
            'int64',
            linear.map(({ rest }) => rest),
          )
    }
    const parts = linear.map(({ times, rest }) => {
      if (times === 0) return this.#onnx.constant('int64', [rest])
      const scaled = times === 1 ? this.#size() : this.#onnx.node('Mul', [this.#size(), this.#onnx.constant('int64', [times])])
      return rest === 0 ? scaled : this.#onnx.node('Add', [scaled, this.#onnx.constant('int64', [rest])])
    })
    return parts.length === 1 ? parts[0]! : this.#onnx.node('Concat', parts, { attributes: { axis: 0 } })
  }

  #linear(element: Same<number>): { times: number; rest: number } {
    const [a, b] = element as [number, number]
    if (element.every((other) => other === a)) return { times: 0, rest: a }
    const times = (b - a) / (this.#sizes[1]! - this.#sizes[0]!)
    const rest = a - times * this.#sizes[0]!
    const follows = element.every((other, at) => other === times * this.#sizes[at]! + rest)
    if (!Number.isInteger(times) || !follows) throw this.differs('size of a tensor')
    return { times, rest }
  }

  /** int64 `[1]`: the size of the free side. */
  #size(): string {
    this.#sizeName ??= this.#onnx.node('Shape', [this.#sizeInput!], { attributes: { start: 0, end: 1 } })
    return this.#sizeName
  }

  /** A shape with names for what the free side decides. */
  shape(values: Same<Value>): (number | string)[] {
    return values[0]!.shape.map((side, axis) => {
      const { times, rest } = this.#linear(values.map(({ shape }) => shape[axis]!))
      if (times === 0) return side
      return times === 1 && rest === 0 ? this.#side.name : `${times} * ${this.#side.name} + ${rest}`
    })
  }
}

function elements({ data, fill, shape }: Value): (number | bigint)[] {
  return data ? Array.from(data as unknown as ArrayLike<number | bigint>) : Array<number>(sizeOf(shape)).fill(fill!)
}
