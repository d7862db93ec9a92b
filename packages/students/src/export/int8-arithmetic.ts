import type { OnnxGraph } from '@kd/core/onnx'
import { type Arithmetic, bothBiases, bothDirections } from '../encoder/graph.ts'
import type { InferenceParts } from '../student/inference.ts'

const domain = 'com.microsoft'
const float32 = 1
/** Word vectors are looked up, never multiplied as bytes: all 8 bits. */
const vectorTop = 127
/**
 * Weights of products: 7 bits. Processors with AVX2 and without VNNI add pairs of byte products in 16 bits, which 8-bit
 * weights overflow; on SST-2 students logits were three times as far off with 8 bits as with 7.
 */
const productTop = 63

/**
 * Weights in 8 bits with a scale for each word or unit; products of whole numbers by ONNX Runtime's own operators, which
 * round what comes in by the largest value of the batch.
 */
export function int8Arithmetic(graph: OnnxGraph, { sizes, vocabularySize, weights }: InferenceParts): Arithmetic {
  const { inputs, hidden, features: columns, dense } = sizes
  const gates = 4 * hidden
  const lstmWeight = (name: string, columns: number) => {
    const { values, scales } = quantizeRows(bothDirections(weights, name), columns, productTop)
    const turned = new Int8Array(values.length)
    for (const start of [0, gates * columns]) {
      turned.set(transposed(values.subarray(start, start + gates * columns), gates, columns), start)
    }
    return {
      weight: graph.initializer('int8', [2, columns, gates], turned),
      scale: graph.initializer('float32', [2, gates], scales),
      zero: graph.initializer('int8', [2, gates], new Int8Array(2 * gates)),
    }
  }
  return {
    vectors({ data, dimensions }, ids) {
      const { values, scales } = quantizeRows(data, dimensions, vectorTop)
      const rows = graph.node('Gather', [graph.initializer('int8', [vocabularySize, dimensions], values), ids])
      const units = graph.node('Gather', [graph.initializer('float32', [vocabularySize, 1], scales), ids])
      return graph.node('Mul', [graph.node('Cast', [rows], { attributes: { to: float32 } }), units])
    },
    states(words, lengths) {
      const w = lstmWeight('weight_ih_l0', inputs)
      const r = lstmWeight('weight_hh_l0', hidden)
      const biases = graph.initializer('float32', [2, 2 * gates], bothBiases(weights))
      const noStates = ['', '', '']
      return graph.nodes(
        'DynamicQuantizeLSTM',
        [words, w.weight, r.weight, biases, lengths, ...noStates, w.scale, w.zero, r.scale, r.zero],
        { attributes: { hidden_size: hidden, direction: 'bidirectional' }, outputs: ['', 'final_states'], domain },
      )[1]!
    },
    dense(features) {
      const { values, scales } = quantizeRows(weights['dense.weight']!, columns, productTop)
      return graph.node(
        'DynamicQuantizeMatMul',
        [
          features,
          graph.initializer('int8', [columns, dense], transposed(values, dense, columns)),
          graph.initializer('float32', [dense], scales),
          graph.initializer('int8', [dense], new Int8Array(dense)),
          graph.initializer('float32', [dense], weights['dense.bias']!),
        ],
        { domain },
      )
    },
  }
}

/** Each row as whole numbers from -top to top, and what one of them is worth there. */
function quantizeRows(data: Float32Array, columns: number, top: number): { values: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(data.length / columns)
  const values = new Int8Array(data.length)
  for (let row = 0; row < scales.length; row++) {
    const from = row * columns
    const largest = data.subarray(from, from + columns).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
    const scale = largest === 0 ? 1 : largest / top
    scales[row] = scale
    for (let place = from; place < from + columns; place++) values[place] = Math.round(data[place]! / scale)
  }
  return { values, scales }
}

function transposed(values: Int8Array, rows: number, columns: number): Int8Array {
  const out = new Int8Array(values.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[row * columns + column]!
  return out
}
