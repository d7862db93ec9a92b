/**
 * The padded length that texts of a length are batched at: steps of 4 words up to 32, of 8 up to 64, and so on. Few
 * lengths, so that few graphs are made; little padding, since each padded word costs as much as a real one.
 */
export function bucket(length: number): number {
  const step = bucketStep(length)
  return Math.max(step, Math.ceil(length / step) * step)
}

/** How many lengths share the bucket of `length`. */
export function bucketStep(length: number): number {
  return length <= 32 ? 4 : 2 ** Math.ceil(Math.log2(length / 8))
}
