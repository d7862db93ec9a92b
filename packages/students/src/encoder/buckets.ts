/**
 * The padded length that texts of a length are batched at: each length up to 16 words its own, then steps of 2 up to 32, of
 * 4 up to 64, and so on. Each padded word costs as much as a real one (of SST-2's sentences 1 %, with steps of 4 from the
 * first 16 %), each length a graph that takes 0.15 s to make.
 */
export function bucket(length: number): number {
  const step = bucketStep(length)
  return Math.max(step, Math.ceil(length / step) * step)
}

/** How many lengths share the bucket of `length`. */
export function bucketStep(length: number): number {
  return length <= 16 ? 1 : 2 ** (Math.ceil(Math.log2(length)) - 4)
}
