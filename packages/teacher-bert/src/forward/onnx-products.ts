import type { OnnxGraph } from '@kd/core/onnx'
import type { Activation } from '../checkpoint/config.ts'
import { type Matrix, matrixValues, transposed } from '../checkpoint/matrix.ts'
import type { Linear } from '../checkpoint/weights.ts'
import { quantizeMatrix } from '../quantize/quantize.ts'

/** `int8`: products of whole numbers, activations rounded to 8 bits with a scale a token, so that no text depends on another. */
export type Arithmetic = 'float32' | 'int8'

/** Rows that products read, made ready once for all of them. */
export interface Operand {
  /** `[rows, width]`, float32 or uint8. */
  readonly value: string
  /** int8: what a unit of each row is worth, `[rows, 1]`. */
  readonly scale?: string
  /** int8: the whole number that stands for zero. */
  readonly zero?: number
  /** int8: what was added to each element before rounding. */
  readonly shift?: number
}

/** How a graph multiplies rows `[n, inputs]` by the layers' matrices. */
export interface Products {
  /** @param floor what no element of `rows` lies below, where that is known */
  operand(rows: string, floor?: number): Operand
  /** `x W^T`, `[n, outputs]`, the bias left out. */
  product(operand: Operand, linear: Linear): string
  /** What is to be added to the product. */
  bias(operand: Operand, linear: Linear): Float32Array
}

/** Layers may share their weights: each matrix is made once. */
function once<T>(make: (matrix: Matrix) => T): (matrix: Matrix) => T {
  const made = new Map<Matrix, T>()
  return (matrix) => {
    let found = made.get(matrix)
    if (found === undefined) made.set(matrix, (found = make(matrix)))
    return found
  }
}

export function floatProducts(graph: OnnxGraph): Products {
  const kernel = once((weight) => {
    const { rows, columns } = weight
    return graph.initializer('float32', [columns, rows], transposed(matrixValues(weight), rows, columns))
  })
  return {
    operand: (rows) => ({ value: rows }),
    product: ({ value }, { weight }) => graph.node('MatMul', [value, kernel(weight)]),
    bias: (_, { bias }) => bias,
  }
}

const uint8 = 2
/** Keeps a row of zeros from dividing by zero. */
const smallestTop = 1e-9

export function int8Products(graph: OnnxGraph): Products {
  const float = (value: number) => graph.constant('float32', value)
  const largest = (rows: string) => graph.node('ReduceMax', [rows, graph.constant('int64', [-1])])
  const toBytes = (rows: string) => graph.node('Cast', [rows], { attributes: { to: uint8 } })
  const quantized = once(quantizeMatrix)
  const kernel = once((weight) => {
    const { rows, columns, int8, scales } = quantized(weight)
    return [
      graph.initializer('int8', [columns, rows], transposed(int8, rows, columns)),
      graph.initializer('float32', [rows], scales),
    ] as const
  })
  return {
    operand(rows, floor) {
      if (floor === undefined) {
        const top = graph.node('Max', [largest(graph.node('Abs', [rows])), float(smallestTop)])
        const scale = graph.node('Mul', [top, float(1 / 127)])
        const scaled = graph.node('Mul', [rows, graph.node('Reciprocal', [scale])])
        // Casting truncates, and all is positive: adding a half rounds to nearest.
        return { value: toBytes(graph.node('Add', [scaled, float(128.5)])), scale, zero: 128 }
      }
      // One bit more where values lie above a known floor: shifted to start at 0. The product's share of the shift is a constant, part of the bias.
      const top = graph.node('Max', [graph.node('Add', [largest(rows), float(-floor)]), float(smallestTop)])
      const scale = graph.node('Mul', [top, float(1 / 255)])
      const inverse = graph.node('Reciprocal', [scale])
      const offset = graph.node('Add', [graph.node('Mul', [inverse, float(-floor)]), float(0.5)])
      return { value: toBytes(graph.node('Add', [graph.node('Mul', [rows, inverse]), offset])), scale, zero: 0, shift: -floor }
    },
    product({ value, scale, zero }, { weight }) {
      const { rows } = weight
      const [int8, scales] = kernel(weight)
      const product = graph.node(
        'MatMulIntegerToFloat',
        [value, int8, float(1), scales, graph.constant('uint8', zero!), graph.initializer('int8', [rows], new Int8Array(rows))],
        { domain: 'com.microsoft' },
      )
      return graph.node('Mul', [product, scale!])
    },
    bias({ shift = 0 }, { weight, bias }) {
      if (shift === 0) return bias
      const { columns, int8, scales } = quantized(weight)
      return bias.map((value, row) => {
        let sum = 0
        for (let i = row * columns; i < (row + 1) * columns; i++) sum += int8[i]!
        return value - shift * scales[row]! * sum
      })
    },
  }
}

/** What an activation never lies below (its minimum, rounded down). */
export const activationFloor: Readonly<Record<Activation, number>> = { gelu: -0.171, gelu_new: -0.171, relu: 0 }
