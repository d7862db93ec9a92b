/** A weight matrix, row-major `[rows, columns]`: in single precision, or as whole numbers times a scale a row. */
export type Matrix = FloatMatrix | Int8Matrix

export interface FloatMatrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}

export interface Int8Matrix {
  readonly rows: number
  readonly columns: number
  readonly int8: Int8Array
  /** Value of element (r, c): `int8[r, c] * scales[r]`. */
  readonly scales: Float32Array
}

/** The values in single precision; without a copy where they are stored so. */
export function matrixValues(matrix: Matrix): Float32Array {
  if ('values' in matrix) return matrix.values
  const { rows, columns, int8, scales } = matrix
  const values = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const scale = scales[row]!
    for (let i = row * columns; i < (row + 1) * columns; i++) values[i] = int8[i]! * scale
  }
  return values
}

/** Side of the squares that a matrix is transposed in: two of them stay in the processor's nearest cache. */
const tile = 32

/** `[rows, columns]` to `[columns, rows]`. */
export function transposed<T extends Float32Array | Int8Array>(data: T, rows: number, columns: number): T {
  const out = new (data.constructor as new (length: number) => T)(data.length)
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      const [bottom, right] = [Math.min(top + tile, rows), Math.min(left + tile, columns)]
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) out[column * rows + row] = data[row * columns + column]!
      }
    }
  }
  return out
}
