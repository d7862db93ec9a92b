import { binaryLowerings } from './binary.ts'
import { creationLowerings } from './creation.ts'
import { indexingLowerings } from './indexing.ts'
import type { Lowering } from './lowering.ts'
import { productLowerings } from './products.ts'
import { reductionLowerings } from './reductions.ts'
import { shapeLowerings } from './shapes.ts'
import { unaryLowerings } from './unary.ts'

/** Each TensorFlow.js kernel that a recording can hold, and how. */
export const lowerings: Record<string, Lowering> = {
  ...unaryLowerings,
  ...binaryLowerings,
  ...reductionLowerings,
  ...shapeLowerings,
  ...productLowerings,
  ...indexingLowerings,
  ...creationLowerings,
}
