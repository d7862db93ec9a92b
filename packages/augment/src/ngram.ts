import type { Random } from '@kd/core'

/** The longest n-gram of the paper. */
export const longestNgram = 5

/**
 * n-gram sampling alone (Tang et al. 2019, section 3.3): with probability `rate` only n words in a row are left, n
 * uniform in 1 to 5, the place uniform too. Where there are no more than n words, all of them are.
 * @param rate from 0 to 1
 */
export function ngram(words: readonly string[], random: Random, rate = 0.25): string[] {
  if (random.uniform() >= rate) return [...words]
  const [first, end] = ngramWindow(words.length, random)
  return words.slice(first, end)
}

/** Which words an n-gram has: from the first to before the end. */
export function ngramWindow(count: number, random: Random): [first: number, end: number] {
  const n = 1 + random.integer(longestNgram)
  const first = random.integer(Math.max(0, count - n) + 1)
  return [first, Math.min(count, first + n)]
}
