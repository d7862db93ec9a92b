import { refuseKernel } from '../refuse.ts'
import { binaryLowerings } from './binary.ts'
import { blockLowerings } from './blocks.ts'
import { complexLowerings, complexSources } from './complex.ts'
import { convolutionLowerings } from './convolutions.ts'
import { creationLowerings } from './creation.ts'
import { dilationLowerings } from './dilations.ts'
import { imageLowerings } from './images.ts'
import { indexingLowerings } from './indexing.ts'
import type { Call, Lowering } from './lowering.ts'
import { normalizationLowerings } from './normalizations.ts'
import { poolingLowerings } from './pooling.ts'
import { productLowerings } from './products.ts'
import { reductionLowerings } from './reductions.ts'
import { resizingLowerings } from './resizing.ts'
import { scanLowerings } from './scans.ts'
import { shapeLowerings } from './shapes.ts'
import { unaryLowerings } from './unary.ts'

const real: Record<string, Lowering> = {
  ...unaryLowerings,
  ...binaryLowerings,
  ...reductionLowerings,
  ...scanLowerings,
  ...shapeLowerings,
  ...blockLowerings,
  ...productLowerings,
  ...convolutionLowerings,
  ...poolingLowerings,
  ...normalizationLowerings,
  ...dilationLowerings,
  ...resizingLowerings,
  ...imageLowerings,
  ...indexingLowerings,
  ...creationLowerings,
  ...complexSources,
}

const isComplex = (call: Call): boolean =>
  Object.values(call.inputs).some((input) => input?.dtype === 'complex64') || call.attributes.dtype === 'complex64'

/** Each TensorFlow.js kernel that a recording can hold, and how. */
export const lowerings: Record<string, Lowering> = Object.fromEntries(
  [...new Set([...Object.keys(real), ...Object.keys(complexLowerings)])].map((kernel) => [
    kernel,
    (call) => {
      const lowering = isComplex(call) ? complexLowerings[kernel] : real[kernel]
      if (!lowering) throw refuseKernel(kernel, isComplex(call) ? 'is given complex numbers' : 'is not given complex numbers')
      return lowering(call)
    },
  ]),
)
