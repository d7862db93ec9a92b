import { OnnxGraph } from '@kd/core/onnx'
import { engine, loadOnnx } from '@kd/jit'

/** Values row-major, `[rows, columns]`. */
export interface Dense {
  readonly values: Float32Array
  readonly rows: number
  readonly columns: number
}

/** `a b`, or with `transposeA` the product of a's transpose and b; on the native engine where there is one. */
export async function multiply(a: Dense, b: Dense, transposeA = false): Promise<Float32Array> {
  const { native } = await engine()
  return native ? multiplyNatively(a, b, transposeA) : multiplyPlainly(a, b, transposeA)
}

async function multiplyNatively(a: Dense, b: Dense, transposeA: boolean): Promise<Float32Array> {
  const graph = new OnnxGraph()
  const inputs = [graph.input('a', 'float32', ['m', 'k']), graph.input('b', 'float32', ['l', 'n'])]
  const product = graph.node('Gemm', inputs, { attributes: { transA: transposeA ? 1 : 0 } })
  graph.output(product, 'product', 'float32', ['p', 'n'])
  const session = await loadOnnx(graph.toBytes())
  try {
    const feed = ({ values, rows, columns }: Dense) => ({ data: values, shape: [rows, columns] })
    return (await session.run({ a: feed(a), b: feed(b) })).product!.data as Float32Array
  } finally {
    await session.dispose()
  }
}

/** Exported for the test that compares both. */
export function multiplyPlainly(a: Dense, b: Dense, transposeA: boolean): Float32Array {
  const [rows, inner] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns]
  const [stepRow, stepInner] = transposeA ? [1, a.columns] : [a.columns, 1]
  const product = new Float32Array(rows * b.columns)
  const sums = new Float64Array(b.columns)
  for (let row = 0; row < rows; row++) {
    sums.fill(0)
    for (let k = 0, at = 0; k < inner; k++) {
      const factor = a.values[row * stepRow + k * stepInner]!
      for (let column = 0; column < b.columns; column++, at++) sums[column]! += factor * b.values[at]!
    }
    product.set(sums, row * b.columns)
  }
  return product
}
