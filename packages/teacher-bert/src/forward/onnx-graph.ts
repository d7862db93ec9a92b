import { OnnxGraph } from '@kd/core/onnx'
import type { BertWeights, LayerWeights, Norm } from './checkpoint.ts'
import type { BertConfig } from './config.ts'
import { type Matrix, matrixValues } from './matrix.ts'
import { type Arithmetic, activationFloor, floatProducts, int8Products, type Products } from './onnx-products.ts'

/**
 * BERT's forward pass as an ONNX model: `ids` and `types` (int32, `[batch, length]`) to `logits` (`[batch, labels]`).
 * Every row has the same length and no padding, so there is no mask.
 *
 * Made for ONNX Runtime's CPU kernels. Rows are tokens, `[batch * length, hidden]`: in two dimensions the engine leaves
 * `Add` + `LayerNormalization` alone, which is six times faster than the `SkipLayerNormalization` it would make of them.
 * The last layer's queries, and all after them, are the first token's alone, since nothing reads the others.
 */
export function bertGraph(weights: BertWeights, config: BertConfig, arithmetic: Arithmetic): Uint8Array {
  const graph = new OnnxGraph()
  const ids = graph.input('ids', 'int32', ['batch', 'length'])
  const types = graph.input('types', 'int32', ['batch', 'length'])
  const layout = layoutOf(graph, ids, config)
  const products = arithmetic === 'int8' ? int8Products(graph) : floatProducts(graph)
  let rows = embeddings(graph, ids, types, weights, config, layout)
  weights.layers.forEach((layer, index) => {
    rows = encoderLayer(graph, products, rows, layer, config, layout, index === weights.layers.length - 1)
  })
  // The head is small and decides: always in single precision.
  const { operand, product, bias } = floatProducts(graph)
  const dense = (x: string, linear: BertWeights['pooler']) =>
    graph.node('Add', [product(operand(x), linear), vector(graph, bias(operand(x), linear))])
  const logits = dense(graph.node('Tanh', [dense(rows, weights.pooler)]), weights.classifier)
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

function embeddings(graph: OnnxGraph, ids: string, types: string, weights: BertWeights, config: BertConfig, { length }: Layout): string {
  const { hidden, positions } = config
  const table = graph.initializer('float32', [positions, hidden], matrixValues(weights.positionEmbeddings))
  const place = graph.node('Slice', [table, graph.constant('int64', [0]), length, graph.constant('int64', [0])])
  const word = graph.node('Add', [gather(graph, weights.wordEmbeddings, ids), place])
  const sum = graph.node('Add', [word, gather(graph, weights.typeEmbeddings, types)])
  return norm(graph, graph.node('Reshape', [sum, graph.constant('int64', [-1, hidden])]), weights.embeddingNorm, config)
}

function encoderLayer(
  graph: OnnxGraph,
  products: Products,
  rows: string,
  layer: LayerWeights,
  config: BertConfig,
  layout: Layout,
  firstTokenOnly: boolean,
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
  const query = add(products.product(asker, layer.query), vector(graph, products.bias(asker, layer.query)))
  // A key's bias adds the same to all scores of a query, which the softmax removes; a value's goes through to the output.
  const mixed = graph.node(
    'MultiHeadAttention',
    [
      texts(query, askingShape),
      texts(products.product(all, layer.key), layout.texts),
      texts(products.product(all, layer.value), layout.texts),
    ],
    { domain: 'com.microsoft', attributes: { num_heads: heads } },
  )
  const context = products.operand(flat(mixed))
  const attended = add(products.product(context, layer.attentionOutput), vector(graph, outputBias(layer)))
  const middle = norm(graph, add(attended, asking), layer.attentionNorm, config)

  const middleOperand = products.operand(middle)
  const inner = activation(
    graph,
    products.product(middleOperand, layer.intermediate),
    products.bias(middleOperand, layer.intermediate),
    config,
  )
  const innerOperand = products.operand(inner, activationFloor[config.activation])
  const output = add(products.product(innerOperand, layer.output), vector(graph, products.bias(innerOperand, layer.output)))
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

function activation(graph: OnnxGraph, rows: string, bias: Float32Array, config: BertConfig): string {
  if (config.activation === 'relu') return graph.node('Relu', [graph.node('Add', [rows, vector(graph, bias)])])
  return graph.node(config.activation === 'gelu' ? 'BiasGelu' : 'FastGelu', [rows, vector(graph, bias)], { domain: 'com.microsoft' })
}
