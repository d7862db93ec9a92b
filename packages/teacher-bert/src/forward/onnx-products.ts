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
}

/** How a graph multiplies rows `[n, inputs]` by the layers' matrices. */
export interface Products {
  /** Whether rows are read as they are, not rounded. */
  readonly isExact: boolean
  /** @param floor what no element of `rows` lies below, where that is known */
  operand(rows: string, floor?: number): Operand
  /** `x W^T`, `[n, outputs]`, the bias left out. */
  product(operand: Operand, linear: Linear): string
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
    isExact: true,
    operand: (rows) => ({ value: rows }),
    product: ({ value }, { weight }) => graph.node('MatMul', [value, kernel(weight)]),
  }
}

/** Keeps a row of zeros from dividing by zero. */
const smallestScale = 1e-11
/** Stands for zero where values lie above a floor a little below it: all but so many of 256 values are for what is above. */
const zeroAboveFloor = 16

export function int8Products(graph: OnnxGraph): Products {
  const float = (value: number) => graph.constant('float32', value)
  /** The largest of each row: `[rows]`. */
  const largest = (rows: string) => graph.node('ReduceMax', [rows, graph.constant('int64', [-1])], { attributes: { keepdims: 0 } })
  const quantized = once(quantizeMatrix)
  const kernel = once((weight) => {
    const { rows, columns, int8, scales } = quantized(weight)
    return [
      graph.initializer('int8', [columns, rows], transposed(int8, rows, columns)),
      graph.initializer('float32', [rows], scales),
    ] as const
  })
  return {
    isExact: false,
    operand(rows, floor) {
      // One bit more where values lie above a known floor.
      const zero = floor === undefined ? 128 : floor < 0 ? zeroAboveFloor : 0
      const top = largest(floor === undefined ? graph.node('Abs', [rows]) : rows)
      const least = floor ? -floor / zero : smallestScale
      const scale = graph.node('Max', [graph.node('Mul', [top, float(1 / (255 - zero))]), float(least)])
      const zeros = graph.node('Expand', [graph.constant('uint8', zero), graph.node('Shape', [scale])])
      const value = graph.node('QuantizeLinear', [rows, scale, zeros], { attributes: { axis: 0 } })
      return { value, scale: graph.node('Unsqueeze', [scale, graph.constant('int64', [1])]), zero }
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
  }
}

/** What an activation never lies below (its minimum, rounded down). */
export const activationFloor: Readonly<Record<Activation, number>> = { gelu: -0.171, gelu_new: -0.171, relu: 0 }
