import { binaryRows, unaryRows } from './rows/elementwise.ts'
import { compositionsRows, productsRows } from './rows/products.ts'
import type { OpRow } from './rows/row.ts'
import { creationRows, indexingRows, reductionsRows, shapesRows } from './rows/structure.ts'

export type { OpRow }

/** Every kernel that can be traced, at least once. */
export const opRows: readonly OpRow[] = [
  ...unaryRows,
  ...binaryRows,
  ...reductionsRows,
  ...shapesRows,
  ...productsRows,
  ...indexingRows,
  ...creationRows,
  ...compositionsRows,
]
