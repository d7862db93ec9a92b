import { type Dense, multiply } from './multiply.ts'

export interface PrincipalComponents {
  /** `[width]` */
  readonly mean: Float32Array
  /** Unit vectors as columns, largest variance first, `[width, width]`; the largest element of each is positive. */
  readonly axes: Dense
  /** Variance along each axis. */
  readonly variances: Float64Array
}

/** Principal components of rows. The work on the covariance is in double precision. */
export async function principalComponents({ values, rows, columns }: Dense): Promise<PrincipalComponents> {
  const sums = new Float64Array(columns)
  for (let row = 0, at = 0; row < rows; row++) for (let i = 0; i < columns; i++, at++) sums[i]! += values[at]!
  const mean = Float32Array.from(sums, (sum) => sum / rows)
  const centred = { values: values.map((value, at) => value - mean[at % columns]!), rows, columns }
  const scatter = await multiply(centred, centred, true)

  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix')
  const covariance = Matrix.from1DArray(
    columns,
    columns,
    [...scatter].map((sum) => sum / rows),
  )
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true })
  const order = realEigenvalues.map((_, index) => index).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]! || a - b)
  const axes = new Float32Array(columns * columns)
  order.forEach((from, to) => {
    const axis = eigenvectorMatrix.getColumn(from)
    const largest = axis.reduce((top, value) => (Math.abs(value) > Math.abs(top) ? value : top), 0)
    for (let i = 0; i < columns; i++) axes[i * columns + to] = largest < 0 ? -axis[i]! : axis[i]!
  })
  return {
    mean,
    axes: { values: axes, rows: columns, columns },
    variances: Float64Array.from(order, (index) => Math.max(0, realEigenvalues[index]!)),
  }
}
