import { type Graph, type Node, reachable, sameShape, sizeOf, type Value } from './graph.ts'
import { reshapeTo } from './lowerings/lowering.ts'

/** A node as a rule sees it: its inputs as already rewritten, and whether this node is the only one to use them. */
interface Match {
  readonly graph: Graph
  readonly node: Node
  readonly inputs: readonly (Value | undefined)[]
  /** Whether nothing else needs the input with this index. */
  alone(index: number): boolean
}

interface Rule {
  readonly name: string
  /** Why the replacement is better, as measured. */
  readonly reason: string
  /** The value that takes the place of the node's only output, if the rule applies. */
  apply(match: Match): Value | undefined
}

/** Gemm's third input may be smaller than its result, if it broadcasts to it. */
function broadcastsTo(small: readonly number[], shape: readonly number[]): boolean {
  return small.length <= shape.length && small.every((side, at) => side === 1 || side === shape[at + shape.length - small.length])
}

/** Columns from which on a product is better off with its first factor transposed before. */
const wide = 256

const rules: readonly Rule[] = [
  {
    name: 'a first factor transposed before',
    reason:
      "ONNX Runtime transposes it in the product, once for each 128 columns: weights' gradients of a BERT layer make 67 GFLOP/s so and 75 with a transpose before",
    apply({ graph, node, inputs }) {
      if (node.operator !== 'Gemm' || node.attributes.transA !== 1) return undefined
      const [a, ...rest] = inputs
      const { type, shape } = node.outputs[0]!
      if (type !== 'float32' || shape[1]! < wide || a!.shape.some((side) => side < 64)) return undefined
      const [rows, columns] = a!.shape as [number, number]
      // Of rank 3, or ONNX Runtime would take the transpose back into the product.
      const cube = reshapeTo(graph, a!, [1, rows, columns])
      const turned = graph.op('Transpose', [cube], type, [1, columns, rows], { attributes: { perm: [0, 2, 1] } })
      return graph.op('Gemm', [reshapeTo(graph, turned, [columns, rows]), ...rest], type, shape, {
        attributes: { ...node.attributes, transA: 0 },
      })
    },
  },
  {
    name: 'the first factors of products in a batch transposed before',
    reason:
      "the same: a student's recurrent weights' gradient, two products of 150 x 1,280 and 1,280 x 600, make 80 GFLOP/s so and 93 with a transpose before",
    apply({ graph, node, inputs }) {
      if (node.operator !== 'FusedMatMul' || node.attributes.transA !== 1 || node.attributes.transB !== 0) return undefined
      const [a, b] = inputs
      const { type, shape } = node.outputs[0]!
      const batch = a!.shape.slice(0, -2)
      const [rows, columns] = a!.shape.slice(-2) as [number, number]
      if (batch.length === 0 || shape.at(-1)! < wide || rows < 64 || columns < 64) return undefined
      const flat = reshapeTo(graph, a!, [1, sizeOf(batch), rows, columns])
      const turned = graph.op('Transpose', [flat], type, [1, sizeOf(batch), columns, rows], { attributes: { perm: [0, 1, 3, 2] } })
      return graph.op('MatMul', [reshapeTo(graph, turned, [...batch, columns, rows]), b], type, shape)
    },
  },
  {
    name: 'a sum of rows added to zeros',
    reason: 'a pass less over all rows, and no zeros for the second',
    apply({ graph, node, inputs, alone }) {
      const [a, b] = inputs
      if (node.operator !== 'Add' || !sameShape(a!.shape, b!.shape)) return undefined
      if (![a, b].every((value) => value!.node?.operator === 'ScatterND' && value!.node.attributes.reduction === 'add')) return undefined
      const [ground, ...rows] = b!.node!.inputs
      if (ground!.fill !== 0 || !alone(1)) return undefined
      return graph.op('ScatterND', [a, ...rows], a!.type, a!.shape, { attributes: { reduction: 'add' } })
    },
  },
  {
    name: 'a sum with a product',
    reason: 'a b + c in one operation saves a pass; in a chain of sums, as gradients make them, 10 % of the products too',
    apply({ graph, node, inputs, alone }) {
      if (node.operator !== 'Add') return undefined
      const shape = node.outputs[0]!.shape
      for (const [index, other] of [
        [1, 0],
        [0, 1],
      ] as const) {
        const product = inputs[index]!
        if (product.node?.operator !== 'Gemm' || product.node.inputs.length !== 2 || !alone(index)) continue
        if (!sameShape(product.shape, shape) || !broadcastsTo(inputs[other]!.shape, shape)) continue
        const { inputs: factors, attributes } = product.node
        return graph.op('Gemm', [...factors, inputs[other]], product.type, shape, { attributes })
      }
      return undefined
    },
  },
]

/** The outputs with every rule applied wherever it fits. */
export function rewrite(graph: Graph, outputs: Readonly<Record<string, Value>>): Record<string, Value> {
  const nodes = reachable(Object.values(outputs))
  const uses = new Map<Value, number>()
  const use = (value: Value | undefined) => value && uses.set(value, (uses.get(value) ?? 0) + 1)
  for (const node of nodes) for (const input of node.inputs) use(input)
  for (const value of Object.values(outputs)) use(value)

  const rewritten = new Map<Value, Value>()
  const now = (value: Value | undefined) => (value === undefined ? undefined : (rewritten.get(value) ?? value))
  for (const node of nodes) {
    const inputs = node.inputs.map(now)
    const alone = (index: number) => uses.get(node.inputs[index]!) === 1
    const better = rules.map((rule) => rule.apply({ graph, node, inputs, alone })).find((value) => value !== undefined)
    if (better) rewritten.set(node.outputs[0]!, better)
    else if (inputs.some((input, index) => input !== node.inputs[index])) {
      const { operator, outputs: before, attributes, domain } = node
      const after = graph.ops(operator, inputs, before, { attributes, domain })
      before.forEach((value, index) => {
        rewritten.set(value, after[index]!)
      })
    }
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, now(value)!]))
}
