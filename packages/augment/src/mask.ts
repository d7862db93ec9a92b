import type { Random } from '@kd/core'

/** What a masked word becomes: one word of its own to the student, the mask to BERT. */
export const maskToken = '[MASK]'

/**
 * Masking alone (Tang et al. 2019, section 3.3): each word becomes `[MASK]` with probability `rate`, by one uniform
 * draw a word.
 * @param rate from 0 to 1
 */
export function mask(words: readonly string[], random: Random, rate = 0.1): string[] {
  return words.map((word) => (random.uniform() < rate ? maskToken : word))
}
