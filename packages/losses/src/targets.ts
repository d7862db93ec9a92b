import { KdError } from '@kd/core'
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import type { LossTargets } from './loss.ts'

/** The teacher's logits, checked against the student's shape `[n, classes]`. */
export function teacherLogits(loss: string, student: Tensor2D, { logits }: LossTargets): Tensor2D {
  if (!logits) {
    throw new KdError({
      kind: 'mismatch',
      what: `${loss} compares with the teacher's logits and the batch has none`,
      fix: 'Train on a labelled transfer set, or use crossEntropy().',
    })
  }
  checkShape(loss, 'teacher logits', logits.shape, student.shape)
  return logits
}

/** The labels, checked against the student's number of rows. */
export function goldLabels(loss: string, student: Tensor2D, { labels }: LossTargets): Tensor1D {
  if (!labels) {
    throw new KdError({
      kind: 'mismatch',
      what: `${loss} compares with labels and the batch has none`,
      fix: "Give labelled examples, or the teacher's arg-max as labels.",
    })
  }
  checkShape(loss, 'labels', labels.shape, student.shape.slice(0, 1))
  return labels
}

/** @throws KdError of kind `mismatch` where the student has one output: a softmax of one is always 1 */
export function severalClasses(loss: string, student: Tensor2D): void {
  if (student.shape[1] > 1) return
  throw new KdError({
    kind: 'mismatch',
    what: `${loss} tells classes apart, and the task has one label: a score`,
    where: { option: 'loss' },
    fix: "Use scoreMse() for gold scores, logitsMse() for a teacher's.",
  })
}

function checkShape(loss: string, name: string, found: readonly number[], expected: readonly number[]): void {
  if (found.join() === expected.join()) return
  throw new KdError({
    kind: 'mismatch',
    what: `${loss}: ${name} have shape [${found.join(', ')}], the student's logits ask for [${expected.join(', ')}]`,
    fix: 'Teacher and student must have the same classes.',
  })
}
