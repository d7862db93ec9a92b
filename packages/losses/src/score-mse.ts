import { reshape, squaredDifference, type Tensor1D } from '@tensorflow/tfjs-core'
import type { Loss } from './loss.ts'
import { goldLabels } from './targets.ts'

/** The squared difference of the student's one output and the gold score. `[n, 1]`, `[n]` float32 -> `[n]`. */
export function scoreMse(): Loss {
  const name = 'score-mse'
  return {
    name,
    needs: { logits: false, labels: true },
    perExample(student, targets) {
      const labels = goldLabels(name, student, targets)
      return squaredDifference(reshape(student, labels.shape), labels) as Tensor1D
    },
  }
}
