import { OnnxGraph } from '@kd/core/onnx'
import { type Arithmetic, appendLogits, appendStates, floatArithmetic, linear } from '../encoder/graph.ts'
import type { InferenceParts } from '../student/inference.ts'

/**
 * Both halves with free sides: `ids` int32 `[length, texts]` and `lengths` `[texts]` to `states` `[texts, 2 * hidden]`, and
 * by which texts are a pair's, int32 `first` and `second` `[batch]`, to `logits` `[batch, classes]`.
 */
export function pairsGraph(parts: InferenceParts): Uint8Array {
  const graph = new OnnxGraph()
  const ids = graph.input('ids', 'int32', ['length', 'texts'])
  const lengths = graph.input('lengths', 'int32', ['texts'])
  const pair = ['first', 'second'].map((name) => graph.input(name, 'int32', ['batch']))
  const arithmetic = floatArithmetic(graph, parts)
  const states = appendStates(graph, parts, { ids, lengths }, arithmetic)
  const [first, second] = pair.map((which) => graph.node('Gather', [states, which])) as [string, string]
  graph.output(states, 'states', 'float32', ['texts', 2 * parts.sizes.hidden])
  graph.output(appendPairLogits(graph, parts, { first, second }, arithmetic), 'logits', 'float32', ['batch', parts.sizes.classes])
  return graph.toBytes('siamese')
}

/** Appends the layers behind the encoder: states of both texts `[batch, 2 * hidden]` to logits. */
export function appendPairLogits(
  graph: OnnxGraph,
  parts: InferenceParts,
  { first, second }: { first: string; second: string },
  arithmetic: Arithmetic,
): string {
  const product = graph.node('Mul', [first, second])
  const distance = graph.node('Abs', [graph.node('Sub', [first, second])])
  const features = graph.node('Concat', [first, second, product, distance], { attributes: { axis: 1 } })
  return appendLogits(graph, parts, features, arithmetic)
}

/**
 * One text against many: `first` `[1, 2 * hidden]` and `known` `[batch, 2 * hidden]` to `logits`. The first text is the same
 * for all, so that its own product is one row, and a * b joins b: the known texts are multiplied by half of the weights.
 */
export function compareGraph({ sizes, weights }: InferenceParts): Uint8Array {
  const { hidden, dense, classes } = sizes
  const graph = new OnnxGraph()
  const first = graph.input('first', 'float32', [1, 2 * hidden])
  const known = graph.input('known', 'float32', ['batch', 2 * hidden])
  const [a, b, product, distance] = [0, 1, 2, 3].map((part) =>
    graph.initializer('float32', [dense, 2 * hidden], columnsOf(weights['dense.weight']!, { part, columns: 2 * hidden })),
  ) as [string, string, string, string]
  const bias = graph.initializer('float32', [dense], weights['dense.bias']!)
  const transposed = { attributes: { transB: 1 } }
  const ofFirst = graph.node('Gemm', [first, a, bias], transposed)
  const ofKnown = graph.node('Gemm', [known, graph.node('Add', [b, graph.node('Mul', [product, first])]), ofFirst], transposed)
  const between = graph.node('Abs', [graph.node('Sub', [known, first])])
  const hiddenUnits = graph.node('Relu', [graph.node('Gemm', [between, distance, ofKnown], transposed)])
  const logits = linear(graph, weights, hiddenUnits, { name: 'logits', rows: classes, columns: dense })
  graph.output(logits, 'logits', 'float32', ['batch', classes])
  return graph.toBytes('siamese head')
}

/** One of the dense weight's four parts, `[dense, columns]`. */
function columnsOf(weight: Float32Array, { part, columns }: { part: number; columns: number }): Float32Array {
  const rows = weight.length / (4 * columns)
  const out = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const from = (4 * row + part) * columns
    out.set(weight.subarray(from, from + columns), row * columns)
  }
  return out
}
