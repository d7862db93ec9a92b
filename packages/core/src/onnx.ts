import { ProtobufWriter } from './protobuf.ts'

/** ONNX element types by name, with their numbers in `TensorProto.DataType`. */
export const onnxTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 } as const
export type OnnxType = keyof typeof onnxTypes

export type OnnxData = Float32Array | Float64Array | Int32Array | BigInt64Array | Int8Array | Uint8Array | Uint16Array

/** A name stands for a free dimension. */
export type OnnxShape = readonly (number | string)[]

/** An attribute: a number that is whole is an int; `{ float }` forces a float. */
export type OnnxAttribute =
  | number
  | string
  | { float: number }
  | readonly number[]
  | { floats: readonly number[] }
  | { strings: readonly string[] }

export interface NodeOptions {
  attributes?: Readonly<Record<string, OnnxAttribute>>
  /** How many outputs, or their names. Default: one. */
  outputs?: number | readonly string[]
  /** Operator set, such as `com.microsoft`. Default: ONNX's own. */
  domain?: string
}

/** Builds an ONNX model by appending nodes; values are known by their names. */
export class OnnxGraph {
  readonly #nodes: ProtobufWriter[] = []
  readonly #initializers: ProtobufWriter[] = []
  readonly #inputs: ProtobufWriter[] = []
  readonly #outputs: ProtobufWriter[] = []
  readonly #domains = new Set<string>()
  readonly #smallConstants = new Map<string, string>()
  readonly #metadata: Record<string, string> = {}
  #count = 0

  get nodeCount(): number {
    return this.#nodes.length
  }

  input(name: string, type: OnnxType, shape: OnnxShape): string {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  /** Makes `value` an output of the model under `name`. */
  output(value: string, name: string, type: OnnxType, shape: OnnxShape): void {
    if (value !== name) this.node('Identity', [value], { outputs: [name] })
    this.#outputs.push(valueInfo(name, type, shape))
  }

  /** A weight: kept in the model, folded and packed by the engine. */
  initializer(type: OnnxType, shape: readonly number[], data: OnnxData, name: string = this.#fresh('w')): string {
    const tensor = new ProtobufWriter()
    for (const side of shape) tensor.int(1, side)
    tensor
      .int(2, onnxTypes[type])
      .string(8, name)
      .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    this.#initializers.push(tensor)
    return name
  }

  /** A small constant; equal ones are stored once. */
  constant(type: 'float32' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool', values: number | readonly number[]): string {
    const shape = typeof values === 'number' ? [] : [values.length]
    const list = typeof values === 'number' ? [values] : values
    const key = `${type}[${shape}]${list.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}`
    let name = this.#smallConstants.get(key)
    if (name === undefined) {
      const data =
        type === 'float32'
          ? Float32Array.from(list)
          : type === 'int32'
            ? Int32Array.from(list)
            : type === 'int64'
              ? BigInt64Array.from(list, BigInt)
              : type === 'int8'
                ? Int8Array.from(list)
                : Uint8Array.from(list)
      this.#smallConstants.set(key, (name = this.initializer(type, shape, data, this.#fresh('c'))))
    }
    return name
  }

  /** Appends a node with one output and returns its name. An empty input name leaves an optional input out. */
  node(operator: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.nodes(operator, inputs, options)[0]!
  }

  /** Appends a node and returns the names of all its outputs. */
  nodes(operator: string, inputs: readonly string[], { attributes = {}, outputs = 1, domain = '' }: NodeOptions = {}): string[] {
    const names = typeof outputs === 'number' ? Array.from({ length: outputs }, () => this.#fresh('t')) : [...outputs]
    const node = new ProtobufWriter()
    for (const input of inputs) node.string(1, input)
    for (const output of names) node.string(2, output)
    node.string(4, operator)
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value))
    if (domain) {
      node.string(7, domain)
      this.#domains.add(domain)
    }
    this.#nodes.push(node)
    return names
  }

  /** Free text kept in the model, readable by every runtime (`metadata_props`). */
  metadata(key: string, value: string): void {
    this.#metadata[key] = value
  }

  /** The model as the bytes of a `.onnx` file: IR version 9, ONNX operator set `opset`, other domains at version 1. */
  toBytes(name = 'graph', opset = 20): Uint8Array {
    const graph = new ProtobufWriter()
    for (const node of this.#nodes) graph.message(1, node)
    graph.string(2, name)
    for (const tensor of this.#initializers) graph.message(5, tensor)
    for (const input of this.#inputs) graph.message(11, input)
    for (const output of this.#outputs) graph.message(12, output)
    const model = new ProtobufWriter().int(1, 9).string(2, '@kd').message(7, graph)
    model.message(8, new ProtobufWriter().string(1, '').int(2, opset))
    for (const domain of this.#domains) model.message(8, new ProtobufWriter().string(1, domain).int(2, 1))
    for (const [key, value] of Object.entries(this.#metadata)) model.message(14, new ProtobufWriter().string(1, key).string(2, value))
    return model.toBytes()
  }

  #fresh(prefix: string): string {
    return `${prefix}${this.#count++}`
  }
}

function valueInfo(name: string, type: OnnxType, shape: OnnxShape): ProtobufWriter {
  const dimensions = new ProtobufWriter()
  for (const side of shape) {
    dimensions.message(1, typeof side === 'string' ? new ProtobufWriter().string(2, side) : new ProtobufWriter().int(1, side))
  }
  const tensorType = new ProtobufWriter().int(1, onnxTypes[type]).message(2, dimensions)
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensorType))
}

// Field numbers and types of AttributeProto: float f = 2 (type 1), int i = 3 (2), string s = 4 (3), floats = 7 (6), ints = 8 (7), strings = 9 (8).
function attribute(name: string, value: OnnxAttribute): ProtobufWriter {
  const writer = new ProtobufWriter().string(1, name)
  if (typeof value === 'string') return writer.string(4, value).int(20, 3)
  if (typeof value === 'number') return Number.isInteger(value) ? writer.int(3, value).int(20, 2) : writer.float(2, value).int(20, 1)
  if ('float' in value) return writer.float(2, value.float).int(20, 1)
  if ('floats' in value) {
    for (const item of value.floats) writer.float(7, item)
    return writer.int(20, 6)
  }
  if ('strings' in value) {
    for (const item of value.strings) writer.string(9, item)
    return writer.int(20, 8)
  }
  for (const item of value) writer.int(8, item)
  return writer.int(20, 7)
}
