/**
 * @param ids `[batch, length]` row-major, no padding
 * @param types `[batch, length]`
 * @returns logits `[batch, labels]`
 */
export type RunForward = (ids: Int32Array, types: Int32Array, shape: readonly [batch: number, length: number]) => Promise<Float32Array>

/** A model's forward pass on one engine. */
export interface Forward {
  /** What it computes with, for the teacher's fingerprint. */
  readonly arithmetic: string
  /** Goes up where the same weights come to give other bits: answers stored before are then not taken for its own. */
  readonly revision?: number
  /** Whether a row's logits are the same bits whatever rows are beside it. */
  readonly independent?: boolean
  /** Computes one batch with all threads. */
  readonly run: RunForward
  /**
   * Computes several batches at a time, each with its share of the threads: for much work, the same bits. Made when first
   * asked for, since it holds the weights once more for each batch. Absent where one batch at a time is all there is.
   */
  sideBySide?(): Promise<{ readonly run: RunForward; readonly atOnce: number }>
  dispose(): Promise<void>
}
