import { KdError } from '@kd/core'
import { div, logSoftmax, mul, softmax, sub, sum, type Tensor1D } from '@tensorflow/tfjs-core'
import type { Loss } from './loss.ts'
import { severalClasses, teacherLogits } from './targets.ts'

export interface SoftTargetsOptions {
  /** T, above 0: both sides' logits are divided by it. Default: 1. */
  temperature?: number
}

/**
 * Hinton's soft targets (Hinton et al. 2015, the alternative that section 3.2 of the paper argues against):
 * T^2 * KL(softmax(teacher / T) || softmax(student / T)), summed over the classes; T^2 keeps the gradient's size
 * independent of T. `[n, classes]`, `[n, classes]` -> `[n]`.
 * @throws KdError of kind `option` for a temperature that is not above 0
 */
export function softTargets({ temperature = 1 }: SoftTargetsOptions = {}): Loss {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new KdError({ kind: 'option', what: `${temperature} is not a number above 0`, where: { option: 'temperature' } })
  }
  const name = `soft-targets T=${temperature}`
  return {
    name,
    needs: { logits: true, labels: false },
    perExample(student, targets) {
      severalClasses(name, student)
      const soft = div(teacherLogits(name, student, targets), temperature)
      const difference = sub(logSoftmax(soft), logSoftmax(div(student, temperature)))
      return mul(sum(mul(softmax(soft), difference), 1), temperature ** 2) as Tensor1D
    },
  }
}
