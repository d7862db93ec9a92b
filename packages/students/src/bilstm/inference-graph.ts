import { OnnxGraph } from '@kd/core/onnx'
import type { Sizes } from './weights.ts'

export interface InferenceParts {
  readonly sizes: Sizes
  readonly vocabularySize: number
  /** Word vectors of each channel, `[vocabularySize, dimensions]`. */
  readonly tables: readonly { readonly data: Float32Array; readonly dimensions: number }[]
  /** The dense weights by their names in files. */
  readonly weights: Readonly<Record<string, Float32Array>>
}

/**
 * A student as one ONNX model with free batch and length: `ids` int32 `[length, batch]` and `lengths` int32 `[batch]` to
 * `logits` `[batch, classes]`. What follows a text's length is not read.
 */
export function inferenceGraph({ sizes, vocabularySize, tables, weights }: InferenceParts): Uint8Array {
  const { inputs, hidden, dense, classes } = sizes
  const graph = new OnnxGraph()
  const ids = graph.input('ids', 'int32', ['length', 'batch'])
  const lengths = graph.input('lengths', 'int32', ['batch'])
  const channels = tables.map(({ data, dimensions }) =>
    graph.node('Gather', [graph.initializer('float32', [vocabularySize, dimensions], data), ids]),
  )
  const words = channels.length === 1 ? channels[0]! : graph.node('Concat', channels, { attributes: { axis: 2 } })
  const both = (name: string, columns: number) => {
    const forward = gatesForOnnx(weights[`lstm.${name}`]!)
    const backward = gatesForOnnx(weights[`lstm.${name}_reverse`]!)
    const data = new Float32Array(forward.length * 2)
    data.set(forward)
    data.set(backward, forward.length)
    return { data, shape: [2, 4 * hidden, columns] }
  }
  const w = both('weight_ih_l0', inputs)
  const r = both('weight_hh_l0', hidden)
  const b = both('bias_ih_l0', 1)
  // ONNX has two biases a gate, side by side; the second is zero.
  const biases = new Float32Array(2 * 8 * hidden)
  biases.set(b.data.subarray(0, 4 * hidden), 0)
  biases.set(b.data.subarray(4 * hidden), 8 * hidden)
  const [, finalState] = graph.nodes(
    'LSTM',
    [
      words,
      graph.initializer('float32', w.shape, w.data),
      graph.initializer('float32', r.shape, r.data),
      graph.initializer('float32', [2, 8 * hidden], biases),
      lengths,
    ],
    { attributes: { hidden_size: hidden, direction: 'bidirectional' }, outputs: ['', 'states'] },
  )
  const joined = graph.node('Reshape', [
    graph.node('Transpose', [finalState!], { attributes: { perm: [1, 0, 2] } }),
    graph.constant('int64', [-1, 2 * hidden]),
  ])
  const linear = (x: string, name: string, out: number, into: number) =>
    graph.node(
      'Gemm',
      [
        x,
        graph.initializer('float32', [out, into], weights[`${name}.weight`]!),
        graph.initializer('float32', [out], weights[`${name}.bias`]!),
      ],
      { attributes: { transB: 1 } },
    )
  const features = graph.node('Relu', [linear(joined, 'dense', dense, 2 * hidden)])
  graph.output(linear(features, 'logits', classes, dense), 'logits', 'float32', ['batch', classes])
  return graph.toBytes('bilstm')
}

/** PyTorch orders a weight's gates input, forget, cell, output; ONNX input, output, forget, cell. */
function gatesForOnnx(weight: Float32Array): Float32Array {
  const gate = weight.length / 4
  const out = new Float32Array(weight.length)
  for (const [to, from] of [0, 3, 1, 2].entries()) out.set(weight.subarray(from * gate, (from + 1) * gate), to * gate)
  return out
}
