/** A model's forward pass on one engine. */
export interface Forward {
  /** What it computes with, for the teacher's fingerprint. */
  readonly arithmetic: string
  /**
   * @param ids `[batch, length]` row-major, no padding
   * @param types `[batch, length]`
   * @returns logits `[batch, labels]`
   */
  run(ids: Int32Array, types: Int32Array, shape: readonly [batch: number, length: number]): Promise<Float32Array>
  dispose(): Promise<void>
}
