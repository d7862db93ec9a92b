import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { backend, tensorOf, valueOfTensor } from './trace/backend.ts'
import type { Graph, Value } from './trace/graph.ts'

/** A matrix of small whole numbers with a scale a column: element = value * scale. */
export interface Int8Matrix {
  /** Row-major `[rows, columns]`, from -63 to 63. */
  readonly values: Int8Array
  /** `[columns]` */
  readonly scales: Float32Array
  readonly rows: number
  readonly columns: number
}

/**
 * Largest weight in absolute value. On x86 processors without VNNI a product of unsigned and signed bytes adds pairs in
 * 16 bits and saturates: 2 * 255 * 63 stays below 32,768, 2 * 255 * 127 would not.
 */
const largestWeight = 63
/** Keeps a row of zeros from dividing by zero. */
const smallestTop = 1e-9
/** What stands for zero in the rows' bytes, and the largest distance from it. */
const [zero, largest] = [128, 127]

/** Rounds a matrix `[rows, columns]`: each column's largest element becomes 63 or -63 times its scale. */
export function int8Matrix(matrix: tf.Tensor2D): Int8Matrix {
  const [rows, columns] = matrix.shape
  const data = matrix.dataSync()
  const scales = new Float32Array(columns)
  for (let at = 0; at < data.length; at++) scales[at % columns] = Math.max(scales[at % columns]!, Math.abs(data[at]!))
  const values = Int8Array.from(data, (value, at) => {
    const top = scales[at % columns]!
    return top === 0 ? 0 : Math.round((value / top) * largestWeight)
  })
  return { values, scales: scales.map((top) => top / largestWeight), rows, columns }
}

/**
 * x W in whole numbers: each row of x (its last axis) is rounded to 8 bits with a scale of its own, so that no row depends
 * on another. In a jitted function the native engine multiplies bytes; elsewhere TensorFlow.js multiplies the same whole
 * numbers as floats: results agree but for the last bits. The derivative by x is that of the product with W unrounded x
 * (straight through); W is a constant.
 * @param x float32 `[..., rows]`
 * @returns float32 `[..., columns]`
 * @throws KdError of kind `option` where the sides do not fit
 */
export function int8MatMul(x: tf.Tensor, matrix: Int8Matrix): tf.Tensor {
  const { values, scales, rows, columns } = matrix
  if (x.dtype !== 'float32' || x.shape.at(-1) !== rows) {
    const what = `x is ${x.dtype}[${x.shape}], its last side must be ${rows}, the rows of the matrix, and its type float32`
    throw new KdError({ kind: 'option', what, where: { option: 'x' } })
  }
  if (values.length !== rows * columns || scales.length !== columns) {
    const what = `${values.length} values and ${scales.length} scales are no matrix of ${rows} x ${columns}`
    throw new KdError({ kind: 'option', what, where: { option: 'matrix' } })
  }
  const floats = () => tf.tensor2d(Float32Array.from(values), [rows, columns])
  const product = tf.customGrad((x, save) => {
    const flat = tf.reshape(x as tf.Tensor, [-1, rows]) as tf.Tensor2D
    ;(save as tf.GradSaveFunc)([])
    const { recording } = backend
    const value = recording ? tensorOf(traced(recording.graph, valueOfTensor(flat), matrix)) : composed(flat, floats(), scales)
    const gradFunc = (dy: tf.Tensor) => tf.matMul(tf.mul(dy, tf.tensor1d(scales)) as tf.Tensor2D, floats(), false, true)
    return { value, gradFunc }
  })
  return tf.reshape(product(tf.reshape(x, [-1, rows])), [...x.shape.slice(0, -1), columns])
}

function composed(x: tf.Tensor2D, weights: tf.Tensor2D, scales: Float32Array): tf.Tensor2D {
  const scale = tf.mul(tf.maximum(tf.max(tf.abs(x), 1, true), smallestTop), 1 / largest)
  const whole = tf.sub(tf.floor(tf.add(tf.mul(x, tf.reciprocal(scale)), zero + 0.5)), zero) as tf.Tensor2D
  return tf.mul(tf.mul(tf.matMul(whole, weights), tf.tensor1d(scales)), scale)
}

function traced(graph: Graph, x: Value, { values, scales, rows, columns }: Int8Matrix): Value {
  const [count] = x.shape as [number, number]
  const float = (operator: string, inputs: Value[], shape: readonly number[]) => graph.op(operator, inputs, 'float32', shape)
  const number = (value: number) => graph.scalar('float32', value)
  const side = [count, 1]
  const top = float('ReduceMax', [float('Abs', [x], x.shape), graph.ints([1])], side)
  const scale = float('Mul', [float('Max', [top, number(smallestTop)], side), number(1 / largest)], side)
  const scaled = float('Mul', [x, float('Reciprocal', [scale], side)], x.shape)
  // A cast truncates, and all is positive: adding a half rounds to nearest.
  const bytes = graph.op('Cast', [float('Add', [scaled, number(zero + 0.5)], x.shape)], 'uint8', x.shape, { attributes: { to: 2 } })
  const product = graph.op(
    'MatMulIntegerToFloat',
    [
      bytes,
      graph.constant('int8', [rows, columns], values),
      number(1),
      graph.constant('float32', [columns], scales),
      graph.fill('uint8', [], zero),
      graph.fill('int8', [columns], 0),
    ],
    'float32',
    [count, columns],
    { domain: 'com.microsoft' },
  )
  return float('Mul', [product, scale], [count, columns])
}
