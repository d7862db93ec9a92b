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
 * Made for ONNX Runtime's CPU kernels. Rows are tokens, `[batch * length, hidden]`: in two dimensions the engine leaves
 * `Add` + `LayerNormalization` alone, which is six times faster than the `SkipLayerNormalization` it would make of them.
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

/** Shapes that depend on the length of the run's texts. */
interface Layout {
  /** `[length]` */
  readonly length: string
  /** `[-1, length, hidden]`: one text, one matrix. */
  readonly texts: string
}

function layoutOf(graph: OnnxGraph, ids: string, { hidden }: BertConfig): Layout {
  const length = graph.node('Shape', [ids], { attributes: { start: 1, end: 2 } })
  const texts = graph.node('Concat', [graph.constant('int64', [-1]), length, graph.constant('int64', [hidden])], {
    attributes: { axis: 0 },
  })
  return { length, texts }
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

function embeddings(graph: OnnxGraph, ids: string, weights: BertWeights, config: BertConfig, { length }: Layout): string {
  const { embedding, positions, firstPosition } = config
  const table = graph.initializer('float32', [firstPosition + positions, embedding], matrixValues(weights.positionEmbeddings))
  const place =
    firstPosition > 0
      ? graph.node('Gather', [table, graph.input('places', 'int32', ['batch', 'length'])])
      : graph.node('Slice', [table, graph.constant('int64', [0]), length, graph.constant('int64', [0])])
  let sum = graph.node('Add', [gather(graph, weights.wordEmbeddings, ids), place])
  if (weights.typeEmbeddings) {
    sum = graph.node('Add', [sum, gather(graph, weights.typeEmbeddings, graph.input('types', 'int32', ['batch', 'length']))])
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
  const { hidden, heads } = config
  const texts = (x: string, shape: string) => graph.node('Reshape', [x, shape])
  const flat = (x: string) => graph.node('Reshape', [x, graph.constant('int64', [-1, hidden])])
  const add = (a: string, b: string) => graph.node('Add', [a, b])
  const one = graph.constant('int64', [1])

  const all = products.operand(rows)
  const asking = firstTokenOnly ? flat(graph.node('Slice', [texts(rows, layout.texts), graph.constant('int64', [0]), one, one])) : rows
  const askingShape = firstTokenOnly ? graph.constant('int64', [-1, 1, hidden]) : layout.texts
  const asker = firstTokenOnly ? products.operand(asking) : all
  const query = add(products.product(asker, layer.query), vector(graph, layer.query.bias))
  const ofFirst = (bias: string) => graph.node('Slice', [bias, graph.constant('int64', [0]), one, graph.constant('int64', [2])])
  const scoreBias = distances === undefined ? [] : ['', '', firstTokenOnly ? ofFirst(distances) : distances]
  // A key's bias adds the same to all scores of a query, which the softmax removes; a value's goes through to the output.
  const mixed = graph.node(
    'MultiHeadAttention',
    [
      texts(query, askingShape),
      texts(products.product(all, layer.key), layout.texts),
      texts(products.product(all, layer.value), layout.texts),
      ...scoreBias,
    ],
    { domain: 'com.microsoft', attributes: { num_heads: heads } },
  )
  const context = products.operand(flat(mixed))
  const attended = add(products.product(context, layer.attentionOutput), vector(graph, outputBias(layer)))
  const middle = norm(graph, add(attended, asking), layer.attentionNorm, config)

  const { activation } = config
  const inner = activated(graph, products.product(products.operand(middle), layer.intermediate), layer.intermediate.bias, {
    activation,
    isExact: products.isExact,
  })
  const output = add(products.product(products.operand(inner, activationFloor[activation]), layer.output), vector(graph, layer.output.bias))
  return norm(graph, add(output, middle), layer.outputNorm, config)
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
