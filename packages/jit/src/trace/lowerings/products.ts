import type { Graph, Value } from '../graph.ts'
import { refuseKernel } from '../refuse.ts'
import { elementwise } from './binary.ts'
import { broadcastShape, type Call, type Lowering, operand, symbolic } from './lowering.ts'

/** a b, each transposed in its last two axes if so asked; batches broadcast. */
export function product(graph: Graph, a: Value, b: Value, transA: boolean, transB: boolean): Value {
  const rank = Math.max(a.shape.length, b.shape.length)
  const rows = a.shape.at(transA ? -1 : -2)!
  const columns = b.shape.at(transB ? -2 : -1)!
  if (rank === 2) {
    return graph.op('Gemm', [a, b], a.type, [rows, columns], { attributes: { transA: Number(transA), transB: Number(transB) } })
  }
  const shape = [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
  if (!transA && !transB) return graph.op('MatMul', [a, b], a.type, shape)
  const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: 1 } }
  return graph.op('FusedMatMul', [a, b], a.type, shape, { attributes, domain: 'com.microsoft' })
}

const batchMatMul: Lowering = (call) => {
  const { transposeA, transposeB } = call.attributes
  return symbolic(product(call.graph, operand(call, 'a'), operand(call, 'b'), transposeA, transposeB))
}

const activations: Record<string, (call: Call, x: Value) => Value> = {
  linear: (_, x) => x,
  relu: ({ graph }, x) => graph.op('Relu', [x], x.type, x.shape),
  sigmoid: ({ graph }, x) => graph.op('Sigmoid', [x], x.type, x.shape),
  elu: ({ graph }, x) => graph.op('Elu', [x], x.type, x.shape),
  relu6: ({ graph }, x) => graph.op('Clip', [x, graph.scalar('float32', 0), graph.scalar('float32', 6)], x.type, x.shape),
  leakyrelu: ({ graph, attributes }, x) =>
    graph.op('LeakyRelu', [x], x.type, x.shape, { attributes: { alpha: { float: attributes.leakyreluAlpha } } }),
}

const fusedMatMul: Lowering = (call) => {
  const { transposeA, transposeB, activation = 'linear' } = call.attributes
  const activate = activations[activation ?? 'linear']
  if (!activate || call.inputs.preluActivationWeights)
    throw refuseKernel(call.kernel, `has the activation ${activation}, which has no lowering`)
  let result = product(call.graph, operand(call, 'a'), operand(call, 'b'), transposeA, transposeB)
  if (call.inputs.bias) result = elementwise(call.graph, 'Add', result, operand(call, 'bias'))
  return symbolic(activate(call, result))
}

/** Matrix products. */
export const productLowerings = { BatchMatMul: batchMatMul, _FusedMatMul: fusedMatMul } satisfies Record<string, Lowering>
