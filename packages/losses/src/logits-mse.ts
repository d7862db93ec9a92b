import { mean, squaredDifference, type Tensor1D } from '@tensorflow/tfjs-core'
import type { Loss } from './loss.ts'
import { teacherLogits } from './targets.ts'

/**
 * The paper's distillation loss (section 3.2): the squared difference of student's and teacher's logits, mean over the
 * classes. `[n, classes]`, `[n, classes]` -> `[n]`.
 */
export function logitsMse(): Loss {
  const name = 'logits-mse'
  return {
    name,
    needs: { logits: true, labels: false },
    perExample: (student, targets) => mean(squaredDifference(student, teacherLogits(name, student, targets)), 1) as Tensor1D,
  }
}
