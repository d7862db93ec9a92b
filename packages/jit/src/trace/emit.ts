import { type OnnxData, OnnxGraph } from '@kd/core/onnx'
import { type Graph, reachable, sizeOf, type Value } from './graph.ts'
import { peakBytes } from './peak.ts'
import { rewrite } from './rewrite.ts'

/** Above this many elements a constant of equal elements is expanded in the graph instead of being stored. */
const largestStoredFill = 1024

export interface EmittedModel {
  readonly bytes: Uint8Array
  /** Names of the inputs that the outputs depend on. */
  readonly inputs: readonly string[]
  readonly nodes: number
  /**
   * Whether one thread must run it: ONNX Runtime's ScatterND shares the rows that it adds among threads without a lock, so
   * that sums for a row that stands twice get lost (its issue 18048, still so in 1.30).
   */
  readonly sequential: boolean
  /** Memory of a run, in bytes: see `peakBytes`. */
  readonly peak: number
}

/** The part of the graph that the outputs need, as the bytes of an ONNX model. */
export function emit(graph: Graph, traced: Readonly<Record<string, Value>>): EmittedModel {
  const onnx = new OnnxGraph()
  const outputs = rewrite(graph, traced)
  const names = new Map<Value, string>()
  const used = new Set<Value>(Object.values(outputs))
  const nodes = reachable(Object.values(outputs))
  for (const node of nodes) for (const input of node.inputs) if (input) used.add(input)
  const inputs: string[] = []
  for (const value of graph.inputs) {
    if (!used.has(value)) continue
    names.set(value, onnx.input(value.input!, value.type, value.shape))
    inputs.push(value.input!)
  }

  // A node writes an output under its name; a second output of the same value is a copy.
  const outputNames = new Map(Object.entries(outputs).map(([name, value]) => [value, name]))
  const nameOf = (value: Value): string => {
    let name = names.get(value)
    if (name === undefined) names.set(value, (name = constant(onnx, value)))
    return name
  }
  for (const node of nodes) {
    const made = onnx.nodes(
      node.operator,
      node.inputs.map((input) => (input ? nameOf(input) : '')),
      { attributes: node.attributes, domain: node.domain, outputs: node.outputs.map((value) => outputNames.get(value) ?? `v${value.id}`) },
    )
    node.outputs.forEach((value, index) => {
      names.set(value, made[index]!)
    })
  }
  for (const [name, value] of Object.entries(outputs)) onnx.output(nameOf(value), name, value.type, value.shape)
  const sequential = nodes.some(({ operator }) => operator === 'ScatterND')
  return { bytes: onnx.toBytes(), inputs, nodes: onnx.nodeCount, sequential, peak: peakBytes(nodes, Object.values(outputs)) }
}

/** What holds elements of a type; int64 apart, whose numbers are of another kind. */
export const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const

function constant(onnx: OnnxGraph, { type, shape, fill, data }: Value): string {
  if (data) return onnx.initializer(type, shape, data as OnnxData)
  if (fill === undefined) throw new Error('a value without node, input or constant')
  if (type === 'int64') return onnx.initializer(type, shape, new BigInt64Array(sizeOf(shape)).fill(BigInt(fill)))
  if (sizeOf(shape) > largestStoredFill) {
    const one = onnx.initializer(type, [], arrays[type].of(fill))
    return onnx.node('Expand', [one, onnx.constant('int64', shape)])
  }
  return onnx.initializer(type, shape, new arrays[type](sizeOf(shape)).fill(fill))
}
