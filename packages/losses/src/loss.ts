import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'

/** What the student is compared with, one row for each example of the batch; a loss reads only what its `needs` names. */
export interface LossTargets {
  /** The teacher's logits, `[n, classes]`, float32. */
  readonly logits?: Tensor2D
  /**
   * Indices of the classes, `[n]`, int32, from 0 to classes - 1. On unlabelled text: the teacher's arg-max (paper, section 3.2).
   * Where there is one output, the scores: float32.
   */
  readonly labels?: Tensor1D
}

/**
 * How far the student is from its targets. Made of TensorFlow.js operations only, so that it can be differentiated,
 * traced into a graph, and weighted by example (padding rows have weight 0). The loss of a batch is the mean of
 * `perExample`.
 */
export interface Loss {
  /** Shown in reports, such as `logits-mse` or `0.7 logits-mse + 0.3 cross-entropy`. */
  readonly name: string
  /** Which targets it reads. */
  readonly needs: { readonly logits: boolean; readonly labels: boolean }
  /**
   * @param student the student's logits, `[n, classes]`, float32
   * @returns one loss for each example, `[n]`, float32
   * @throws KdError of kind `mismatch` where a target is absent or has another shape
   */
  perExample(student: Tensor2D, targets: LossTargets): Tensor1D
}
