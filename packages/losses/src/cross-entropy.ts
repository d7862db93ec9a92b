import { cast, logSoftmax, mul, neg, oneHot, sum, type Tensor1D } from '@tensorflow/tfjs-core'
import type { Loss } from './loss.ts'
import { goldLabels, severalClasses } from './targets.ts'

/** Cross-entropy with the labels: -log softmax(student)[label]. `[n, classes]`, `[n]` int32 -> `[n]`. */
export function crossEntropy(): Loss {
  const name = 'cross-entropy'
  return {
    name,
    needs: { logits: false, labels: true },
    perExample(student, targets) {
      severalClasses(name, student)
      // TensorFlow.js's wasm backend writes whole numbers whatever type oneHot is asked for.
      const chosen = cast(oneHot(goldLabels(name, student, targets), student.shape[1]), 'float32')
      return neg(sum(mul(chosen, logSoftmax(student)), 1)) as Tensor1D
    },
  }
}
