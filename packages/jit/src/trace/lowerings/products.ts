import { backend_util } from '@tensorflow/tfjs-core'
import { type Graph, sizeOf, type Value } from '../graph.ts'
import { activated } from './activations.ts'
import { elementwise } from './binary.ts'
import { allow, broadcastShape, type Lowering, listOf, numeric, operand, symbolic, transposeBy } from './lowering.ts'

/** a b, each transposed in its last two axes if so asked; batches broadcast. */
export function product(graph: Graph, a: Value, b: Value, transA: boolean, transB: boolean): Value {
  const rank = Math.max(a.shape.length, b.shape.length)
  const rows = a.shape.at(transA ? -1 : -2)!
  const columns = b.shape.at(transB ? -2 : -1)!
  const shape = [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
  if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) return graph.fill(a.type, shape, 0)
  if (a.type === 'int32') {
    // ONNX Runtime has one product of integers, without transposition.
    return graph.op('MatMul', [transA ? upright(graph, a) : a, transB ? upright(graph, b) : b], a.type, shape)
  }
  if (rank === 2) {
    return graph.op('Gemm', [a, b], a.type, [rows, columns], { attributes: { transA: Number(transA), transB: Number(transB) } })
  }
  if (!transA && !transB) return graph.op('MatMul', [a, b], a.type, shape)
  const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: 1 } }
  return graph.op('FusedMatMul', [a, b], a.type, shape, { attributes, domain: 'com.microsoft' })
}

function upright(graph: Graph, x: Value): Value {
  const perm = x.shape.map((_, axis) => axis)
  perm.push(...perm.splice(-2, 1))
  return transposeBy(graph, x, perm)
}

const batchMatMul: Lowering = (call) => {
  const { transposeA, transposeB } = call.attributes
  return symbolic(product(call.graph, numeric(call, 'a'), numeric(call, 'b'), transposeA, transposeB))
}

const fusedMatMul: Lowering = (call) => {
  const { transposeA, transposeB } = call.attributes
  let result = product(call.graph, allow(call, 'a', 'float32'), allow(call, 'b', 'float32'), transposeA, transposeB)
  if (call.inputs.bias) result = elementwise(call.graph, 'Add', result, operand(call, 'bias'))
  return symbolic(activated(call, result))
}

const einsum: Lowering = (call) => {
  const values = listOf(call).map(({ value }, index) => {
    numeric(call, String(index))
    return value
  })
  const equation = (call.attributes.equation as string).replace(/\s/g, '')
  const [, result = ''] = equation.split('->')
  // The reader of equations of TensorFlow.js, so that what it refuses is refused with its words.
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, values.length)
  backend_util.checkEinsumDimSizes(
    allDims.length,
    idDims,
    values.map((value) => ({ shape: value.shape })) as Parameters<typeof backend_util.checkEinsumDimSizes>[2],
  )
  const side = (letter: string): number => {
    const at = allDims.indexOf(letter)
    const input = idDims.findIndex((dims) => dims.includes(at))
    return values[input]!.shape[idDims[input]!.indexOf(at)]!
  }
  return symbolic(call.graph.op('Einsum', values, values[0]!.type, [...result].map(side), { attributes: { equation } }))
}

/** Matrix products. */
export const productLowerings = { BatchMatMul: batchMatMul, Einsum: einsum, _FusedMatMul: fusedMatMul } satisfies Record<string, Lowering>
