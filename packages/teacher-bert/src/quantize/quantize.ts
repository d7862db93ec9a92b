import { type Int8Matrix, type Matrix, matrixValues } from '../checkpoint/matrix.ts'
import type { EncoderWeights, LayerWeights, Linear } from '../checkpoint/weights.ts'

/**
 * Largest weight in absolute value. On x86 processors without VNNI a product of unsigned and signed bytes adds pairs in
 * 16 bits and saturates: 2 * 255 * 63 stays below 32,768, 2 * 255 * 127 would not.
 */
export const largestWeight = 63

/** Rows with nothing larger become zeros: their scale would leave the range of single precision. */
const negligible = 1e-30

/** The same where nothing multiplies bytes: weights that are widened again, to be trained. */
export const largestByte = 127

/**
 * A matrix as whole numbers with a scale a row: a row's largest element becomes `largest`. One that is so already is given
 * back as it is.
 */
export function quantizeMatrix(matrix: Matrix, largest = largestWeight): Int8Matrix {
  if ('int8' in matrix && matrix.int8.every((value) => Math.abs(value) <= largest)) return matrix
  const values = matrixValues(matrix)
  const { rows, columns } = matrix
  const int8 = new Int8Array(values.length)
  const scales = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const of = values.subarray(row * columns, (row + 1) * columns)
    const top = of.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    if (top < negligible) continue
    scales[row] = top / largest
    for (let i = 0; i < columns; i++) int8[row * columns + i] = Math.round((of[i]! / top) * largest)
  }
  return { rows, columns, int8, scales }
}

/** The matrices of the layers and the word embeddings; the rest is small, or decides. */
export function quantizeWeights<W extends EncoderWeights>(weights: W, largest = largestWeight): W {
  const linear = ({ weight, bias }: Linear): Linear => ({ weight: quantizeMatrix(weight, largest), bias })
  const quantized = (layer: LayerWeights): LayerWeights => ({
    ...layer,
    query: linear(layer.query),
    key: linear(layer.key),
    value: linear(layer.value),
    attentionOutput: linear(layer.attentionOutput),
    intermediate: linear(layer.intermediate),
    output: linear(layer.output),
  })
  const layers = new Map([...new Set(weights.layers)].map((layer) => [layer, quantized(layer)]))
  return {
    ...weights,
    wordEmbeddings: quantizeMatrix(weights.wordEmbeddings, largest),
    layers: weights.layers.map((layer) => layers.get(layer)!),
  }
}
