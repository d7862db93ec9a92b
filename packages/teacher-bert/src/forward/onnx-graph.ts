import { OnnxGraph } from '@kd/core/onnx'
import type { Activation, BertConfig } from '../checkpoint/config.ts'
import { families } from '../checkpoint/families.ts'
import { type Matrix, matrixValues } from '../checkpoint/matrix.ts'
import type { BertWeights, LayerWeights, Linear, Norm } from '../checkpoint/weights.ts'
import { type Arithmetic, activationFloor, floatProducts, int8Products, type Products } from './onnx-products.ts'
import { distanceBuckets } from './places.ts'

/**
 * The forward pass as an ONNX model: `ids`, `types` where the family has segments and `places` where it counts positions
 * from its padding token (int32, `[batch, length]`) to `logits` (`[batch, labels]`).
 * Every row has the same length and no padding, so there is no mask.
 *
 * Made for ONNX Runtime's CPU kernels. Rows are tokens, `[length * batch, hidden]`, the first of all texts first: attention's
 * products then read them where they lie, and the first tokens are a block. In two dimensions the engine leaves `Add` +
 * `LayerNormalization` alone, which is six times faster than the `SkipLayerNormalization` it would make of them.
 * The last layer's queries, and all after them, are the first token's alone, since nothing reads the others.
 */
export function bertGraph(weights: BertWeights, config: BertConfig, arithmetic: Arithmetic): Uint8Array {
  const graph = new OnnxGraph()
  const ids = graph.input('ids', 'int32', ['batch', 'length'])
  const layout = layoutOf(graph, ids, config)
  const products = arithmetic === 'int8' ? int8Products(graph) : floatProducts(graph)
  // The head is small and decides: always in single precision.
  const { operand, product } = floatProducts(graph)
  const dense = (x: string, linear: Linear) => graph.node('Add', [product(operand(x), linear), vector(graph, linear.bias)])
  let rows = embeddings(graph, ids, weights, config, layout)
  if (weights.embeddingProjection) rows = dense(rows, weights.embeddingProjection)
  const distances = weights.relativeBias && relativeBias(graph, weights.relativeBias, config, layout)
  weights.layers.forEach((layer, index) => {
    rows = encoderLayer(graph, products, rows, layer, config, layout, index === weights.layers.length - 1, distances)
  })
  const activate = { tanh: 'Tanh', relu: 'Relu', gelu: 'Gelu' }[families[config.family].head.activation]
  const logits = dense(graph.node(activate, [dense(rows, weights.pooler)]), weights.classifier)
  graph.output(logits, 'logits', 'float32', ['batch', weights.classifier.weight.rows])
  return graph.toBytes('bert')
}

/** Shapes that depend on the run's texts. */
interface Layout {
  /** `[length]` */
  readonly length: string
  /** `[batch]` */
  readonly batch: string
  /** `[-1, batch, heads, hidden / heads]`: one matrix a text and head, across the rows. */
  readonly heads: string
}

function layoutOf(graph: OnnxGraph, ids: string, { hidden, heads }: BertConfig): Layout {
  const [batch, length] = [0, 1].map((axis) => graph.node('Shape', [ids], { attributes: { start: axis, end: axis + 1 } })) as [
    string,
    string,
  ]
  const byHead = graph.node('Concat', [graph.constant('int64', [-1]), batch, graph.constant('int64', [heads, hidden / heads])], {
    attributes: { axis: 0 },
  })
  return { length, batch, heads: byHead }
}

const vector = (graph: OnnxGraph, values: Float32Array): string => graph.initializer('float32', [values.length], values)

function norm(graph: OnnxGraph, rows: string, { gain, bias }: Norm, { normEpsilon }: BertConfig): string {
  const attributes = { axis: -1, epsilon: { float: normEpsilon } }
  return graph.node('LayerNormalization', [rows, vector(graph, gain), vector(graph, bias)], { attributes })
}

/** Rows of a table by ids: `[...ids, columns]`. An int8 table stays so in memory. */
function gather(graph: OnnxGraph, table: Matrix, ids: string): string {
  const { rows, columns } = table
  if ('values' in table) return graph.node('Gather', [graph.initializer('float32', [rows, columns], table.values), ids])
  const whole = graph.node('Gather', [graph.initializer('int8', [rows, columns], table.int8), ids])
  const scale = graph.node('Gather', [graph.initializer('float32', [rows, 1], table.scales), ids])
  return graph.node('Mul', [graph.node('Cast', [whole], { attributes: { to: 1 } }), scale])
}

/** `[batch, length]` as `[length, batch]`. */
const byPlace = (graph: OnnxGraph, input: string): string => graph.node('Transpose', [input], { attributes: { perm: [1, 0] } })

function embeddings(graph: OnnxGraph, ids: string, weights: BertWeights, config: BertConfig, { length }: Layout): string {
  const { embedding, positions, firstPosition } = config
  const table = graph.initializer('float32', [firstPosition + positions, embedding], matrixValues(weights.positionEmbeddings))
  const place =
    firstPosition > 0
      ? graph.node('Gather', [table, byPlace(graph, graph.input('places', 'int32', ['batch', 'length']))])
      : graph.node('Unsqueeze', [
          graph.node('Slice', [table, graph.constant('int64', [0]), length, graph.constant('int64', [0])]),
          graph.constant('int64', [1]),
        ])
  let sum = graph.node('Add', [gather(graph, weights.wordEmbeddings, byPlace(graph, ids)), place])
  if (weights.typeEmbeddings) {
    const types = byPlace(graph, graph.input('types', 'int32', ['batch', 'length']))
    sum = graph.node('Add', [sum, gather(graph, weights.typeEmbeddings, types)])
  }
  return norm(graph, graph.node('Reshape', [sum, graph.constant('int64', [-1, embedding])]), weights.embeddingNorm, config)
}

/** What distances between tokens add to the attention's scores: `[1, heads, length, length]`. */
function relativeBias(graph: OnnxGraph, table: Matrix, { positions, buckets, heads }: BertConfig, { length }: Layout): string {
  const values = matrixValues(table)
  const rows = new Float32Array((2 * positions - 1) * heads)
  distanceBuckets(positions, buckets).forEach((bucket, row) => {
    rows.set(values.subarray(bucket * heads, (bucket + 1) * heads), row * heads)
  })
  const byDistance = graph.initializer('float32', [2 * positions - 1, heads], rows)
  const int64 = (value: number | readonly number[]) => graph.constant('int64', value)
  const range = graph.node('Range', [int64(0), graph.node('Squeeze', [length]), int64(1)])
  const distance = graph.node('Sub', [graph.node('Unsqueeze', [range, int64([0])]), graph.node('Unsqueeze', [range, int64([1])])])
  const found = graph.node('Gather', [byDistance, graph.node('Add', [distance, int64(positions - 1)])])
  return graph.node('Unsqueeze', [graph.node('Transpose', [found], { attributes: { perm: [2, 0, 1] } }), int64([0])])
}

function encoderLayer(
  graph: OnnxGraph,
  products: Products,
  rows: string,
  layer: LayerWeights,
  config: BertConfig,
  layout: Layout,
  firstTokenOnly: boolean,
  distances: string | undefined,
): string {
  const { hidden, heads, activation } = config
  const add = (a: string, b: string) => graph.node('Add', [a, b])
  const [zero, one] = [0, 1].map((value) => graph.constant('int64', [value])) as [string, string]
  const byHead = (x: string) => graph.node('Reshape', [x, layout.heads])
  const own = { domain: 'com.microsoft' }

  const all = products.operand(rows)
  const asking = firstTokenOnly ? graph.node('Slice', [rows, zero, layout.batch]) : rows
  const asker = firstTokenOnly ? products.operand(asking) : all
  const query = byHead(add(products.product(asker, layer.query), vector(graph, layer.query.bias)))
  // A key's bias adds the same to all scores of a query, which the softmax removes; a value's goes through to the output.
  const [key, value] = [layer.key, layer.value].map((linear) => byHead(products.product(all, linear))) as [string, string]
  // Texts and heads stand between the tokens' axis and the numbers': the products step over them.
  const scaled = { transB: 1, transBatchA: 1, transBatchB: 1, alpha: { float: 1 / Math.sqrt(hidden / heads) } }
  let scores = graph.node('FusedMatMul', [query, key], { ...own, attributes: scaled })
  if (distances !== undefined) {
    const ofFirst = () => graph.node('Slice', [distances, zero, one, graph.constant('int64', [2])])
    scores = add(scores, firstTokenOnly ? ofFirst() : distances)
  }
  const attention = graph.node('Softmax', [scores], { attributes: { axis: -1 } })
  const mixed = graph.node('FusedMatMul', [attention, value], { ...own, attributes: { transBatchB: 1 } })
  const gathered = graph.node('Transpose', [mixed], { attributes: { perm: [2, 0, 1, 3] } })
  const context = products.operand(graph.node('Reshape', [gathered, graph.constant('int64', [-1, hidden])]))
  const attended = add(products.product(context, layer.attentionOutput), vector(graph, outputBias(layer)))
  // The output's bias is in what is added to it, and taken out of what else reads that: a pass less.
  const { gain, bias } = layer.attentionNorm
  const later = layer.output.bias
  const middle = norm(graph, add(attended, asking), { gain, bias: bias.map((value, at) => value + later[at]!) }, config)

  const inner = activated(graph, products.product(products.operand(middle), layer.intermediate), biasWithout(layer.intermediate, later), {
    activation,
    isExact: products.isExact,
  })
  const output = products.product(products.operand(inner, activationFloor[activation]), layer.output)
  return norm(graph, add(output, middle), layer.outputNorm, config)
}

/** A linear layer's bias for rows that have `added` on top. */
function biasWithout({ weight, bias }: Linear, added: Float32Array): Float32Array {
  const { columns } = weight
  const values = matrixValues(weight)
  return bias.map((bias, row) => {
    let sum = bias
    for (let i = 0; i < columns; i++) sum -= values[row * columns + i]! * added[i]!
    return sum
  })
}

/** The attention output's bias with the values' biases passed through it: attention weights sum to 1. */
function outputBias({ attentionOutput, value }: LayerWeights): Float32Array {
  const { columns } = attentionOutput.weight
  const weight = matrixValues(attentionOutput.weight)
  return attentionOutput.bias.map((bias, row) => {
    let sum = bias
    for (let i = 0; i < columns; i++) sum += weight[row * columns + i]! * value.bias[i]!
    return sum
  })
}

function activated(
  graph: OnnxGraph,
  rows: string,
  bias: Float32Array,
  { activation, isExact }: { activation: Activation; isExact: boolean },
): string {
  if (activation === 'relu') return graph.node('Relu', [graph.node('Add', [rows, vector(graph, bias)])])
  // GELU by tanh is cheaper, and differs by 5e-4 at most: far less than the step of 8 bits that comes next.
  const kernel = activation === 'gelu' && isExact ? 'BiasGelu' : 'FastGelu'
  return graph.node(kernel, [rows, vector(graph, bias)], { domain: 'com.microsoft' })
}
