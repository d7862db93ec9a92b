import type { Random } from '@kd/core'
import type { TaggedWords } from './tagger.ts'
import type { WordPool } from './word-pool.ts'

/**
 * POS-guided replacement alone (Tang et al. 2019, section 3.3): each word becomes, with probability `rate`, one that
 * occurs under the same tag, drawn from the tag's occurrences. A tag that the pool lacks keeps its word.
 * @param rate from 0 to 1
 */
export function replaceByPos({ words, tags }: TaggedWords, pool: WordPool, random: Random, rate = 0.1): string[] {
  const draws = words.map(() => random.uniform())
  return words.map((word, i) => (draws[i]! < rate ? (pool.draw(tags[i]!, random) ?? word) : word))
}
