import { blocksRows, scansRows } from './rows/blocks.ts'
import { complexRows } from './rows/complex.ts'
import { convolutionRows } from './rows/convolutions.ts'
import { binaryRows, integerRows, jumpRows, unaryRows } from './rows/elementwise.ts'
import { imagesRows } from './rows/images.ts'
import { indexingRows } from './rows/indexing.ts'
import { poolingRows } from './rows/pooling.ts'
import { compositionsRows, productsRows } from './rows/products.ts'
import type { OpRow } from './rows/row.ts'
import { creationRows, emptyRows, reductionsRows, shapesRows } from './rows/structure.ts'

export type { OpRow }

/** Every kernel that can be traced, at least once. */
export const opRows: readonly OpRow[] = [
  ...unaryRows,
  ...integerRows,
  ...jumpRows,
  ...binaryRows,
  ...reductionsRows,
  ...emptyRows,
  ...scansRows,
  ...shapesRows,
  ...blocksRows,
  ...productsRows,
  ...convolutionRows,
  ...poolingRows,
  ...imagesRows,
  ...indexingRows,
  ...creationRows,
  ...complexRows,
  ...compositionsRows,
]
