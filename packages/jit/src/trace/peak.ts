import { type Node, sizeOf, type Value } from './graph.ts'

const bytesOf: Readonly<Record<Value['type'], number>> = { float32: 4, int32: 4, bool: 1, int64: 8, float64: 8, int8: 1, uint8: 1 }

/** Operators whose result is their first input under another shape. */
const views = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Identity'])

/**
 * The most bytes that results of nodes take at a time, each from the node that makes it to the last that uses it. It is
 * what ONNX Runtime needs besides weights, inputs and outputs, were nothing computed in place.
 * @param nodes in the order in which they run
 * @param outputs of the graph: their memory is somebody else's
 */
export function peakBytes(nodes: readonly Node[], outputs: Iterable<Value>): number {
  const held = new Map<Value, Value>()
  const of = (value: Value): Value => held.get(value) ?? value
  const lastUse = new Map<Value, number>()
  nodes.forEach((node, at) => {
    if (views.has(node.operator)) held.set(node.outputs[0]!, of(node.inputs[0]!))
    for (const value of [...node.inputs, ...node.outputs]) if (value) lastUse.set(of(value), at)
  })
  const elsewhere = new Set(Array.from(outputs, of))
  const ends = nodes.map((): Value[] => [])
  for (const [value, at] of lastUse) if (value.node && !elsewhere.has(value)) ends[at]!.push(value)
  const size = ({ type, shape }: Value) => bytesOf[type] * sizeOf(shape)
  let now = 0
  let peak = 0
  nodes.forEach((node, at) => {
    for (const value of node.outputs) if (of(value) === value && !elsewhere.has(value)) now += size(value)
    peak = Math.max(peak, now)
    for (const value of ends[at]!) now -= size(value)
  })
  return peak
}
