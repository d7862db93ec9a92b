import type { ModelConfig } from './model-config.ts'
import type { Vocabulary } from './vocabulary.ts'

/** A matrix whose rows are whole numbers of 8 bits; a weight is `values[row][column] * scales[row]`. */
export interface PackedMatrix {
  /** Row-major `[rows, columns]`. */
  readonly values: Int8Array
  /** `[rows]` */
  readonly scales: Float32Array
  readonly columns: number
}

/** Word vectors, all channels side by side, `[vocabularySize, inputs]`. */
export type PackedRows =
  /** A number is `values[word][i] * scales[word][group]`. */
  | { readonly bits: 8; readonly values: Int8Array; readonly scales: Float32Array }
  /** Two numbers a byte, the first in the low half, each plus 8: `(half - 8) * scales[word][group]`. */
  | { readonly bits: 4; readonly values: Uint8Array; readonly scales: Float32Array }

/** A student in whole numbers, as a packed file holds it. */
export interface PackedStudent<Words = Vocabulary> {
  readonly config: ModelConfig
  readonly vocabulary: Words
  /** A word's numbers fall into equal groups side by side; `scales` is `[vocabularySize, groups]`. */
  readonly rows: PackedRows
  /** By name: the input and recurrent weights of both directions, `dense.weight`. */
  readonly matrices: Readonly<Record<string, PackedMatrix>>
  /** By name, in single precision: biases and `logits.weight`. */
  readonly vectors: Readonly<Record<string, Float32Array>>
}

/**
 * A matrix in whole numbers from -127 to 127, scaled by each row's largest.
 * @param values row-major `[values.length / columns, columns]`
 */
export function packMatrix(values: Float32Array, columns: number): PackedMatrix {
  const packed = new Int8Array(values.length)
  const scales = new Float32Array(values.length / columns)
  for (let row = 0, at = 0; row < scales.length; row++) {
    let largest = 0
    for (let i = at; i < at + columns; i++) largest = Math.max(largest, Math.abs(values[i]!))
    const scale = (scales[row] = largest / 127)
    for (const end = at + columns; at < end; at++) packed[at] = scale === 0 ? 0 : Math.round(values[at]! / scale)
  }
  return { values: packed, scales, columns }
}
