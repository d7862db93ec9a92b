import type { OnnxGraph } from '@kd/core/onnx'
import type { InferenceParts } from '../student/inference.ts'

/** How a graph computes with the student's weights: see `floatArithmetic`. */
export interface Arithmetic {
  /** Rows of one channel's word vectors, `[length, batch, dimensions]`. */
  vectors(table: { readonly data: Float32Array; readonly dimensions: number }, ids: string): string
  /** The LSTM's two final states, `[2, batch, hidden]`. */
  states(words: string, lengths: string): string
  /** The ReLU layer's product with bias, `[batch, dense]`. */
  dense(features: string): string
}

/** Appends the encoder: word ids `[length, texts]` and int32 `lengths` `[texts]` to final states `[texts, 2 * hidden]`. */
export function appendStates(
  graph: OnnxGraph,
  { sizes, tables }: InferenceParts,
  { ids, lengths }: { ids: string; lengths: string },
  arithmetic: Arithmetic,
): string {
  const channels = tables.map((table) => arithmetic.vectors(table, ids))
  const words = channels.length === 1 ? channels[0]! : graph.node('Concat', channels, { attributes: { axis: 2 } })
  return graph.node('Reshape', [
    graph.node('Transpose', [arithmetic.states(words, lengths)], { attributes: { perm: [1, 0, 2] } }),
    graph.constant('int64', [-1, 2 * sizes.hidden]),
  ])
}

/** Appends the layers behind the encoder: what the dense layer reads to logits `[batch, classes]`. */
export function appendLogits(graph: OnnxGraph, { sizes, weights }: InferenceParts, features: string, arithmetic: Arithmetic): string {
  const hidden = graph.node('Relu', [arithmetic.dense(features)])
  return linear(graph, weights, hidden, { name: 'logits', rows: sizes.classes, columns: sizes.dense })
}

/** Weights in single precision. */
export function floatArithmetic(graph: OnnxGraph, { sizes, vocabularySize, weights }: InferenceParts): Arithmetic {
  const { inputs, hidden, features: columns, dense } = sizes
  return {
    vectors: ({ data, dimensions }, ids) => graph.node('Gather', [graph.initializer('float32', [vocabularySize, dimensions], data), ids]),
    states: (words, lengths) =>
      graph.nodes(
        'LSTM',
        [
          words,
          graph.initializer('float32', [2, 4 * hidden, inputs], bothDirections(weights, 'weight_ih_l0')),
          graph.initializer('float32', [2, 4 * hidden, hidden], bothDirections(weights, 'weight_hh_l0')),
          graph.initializer('float32', [2, 8 * hidden], bothBiases(weights)),
          lengths,
        ],
        { attributes: { hidden_size: hidden, direction: 'bidirectional' }, outputs: ['', 'final_states'] },
      )[1]!,
    dense: (features) => linear(graph, weights, features, { name: 'dense', rows: dense, columns }),
  }
}

export function linear(
  graph: OnnxGraph,
  weights: InferenceParts['weights'],
  x: string,
  { name, rows, columns }: { name: string; rows: number; columns: number },
): string {
  const weight = graph.initializer('float32', [rows, columns], weights[`${name}.weight`]!)
  const bias = graph.initializer('float32', [rows], weights[`${name}.bias`]!)
  return graph.node('Gemm', [x, weight, bias], { attributes: { transB: 1 } })
}

/** One of the LSTM's weights as ONNX has it: forward, then backward, the gates in ONNX's order. */
export function bothDirections(weights: InferenceParts['weights'], name: string): Float32Array {
  const forward = gatesForOnnx(weights[`lstm.${name}`]!)
  const backward = gatesForOnnx(weights[`lstm.${name}_reverse`]!)
  const both = new Float32Array(forward.length * 2)
  both.set(forward)
  both.set(backward, forward.length)
  return both
}

/** ONNX has two biases a gate, side by side in each direction; the second is zero. */
export function bothBiases(weights: InferenceParts['weights']): Float32Array {
  const first = bothDirections(weights, 'bias_ih_l0')
  const gates = first.length / 2
  const biases = new Float32Array(first.length * 2)
  biases.set(first.subarray(0, gates), 0)
  biases.set(first.subarray(gates), 2 * gates)
  return biases
}

/** PyTorch orders a weight's gates input, forget, cell, output; ONNX input, output, forget, cell. */
function gatesForOnnx(weight: Float32Array): Float32Array {
  const gate = weight.length / 4
  const out = new Float32Array(weight.length)
  for (const [to, from] of [0, 3, 1, 2].entries()) out.set(weight.subarray(from * gate, (from + 1) * gate), to * gate)
  return out
}
