/** What is used of the library's Unigram model. */
export interface UnigramModel {
  readonly vocab: readonly string[]
  readonly scores: readonly number[]
  readonly tokens_to_ids: ReadonlyMap<string, number>
  readonly min_score: number
  readonly trie: { common_prefix_search(characters: readonly string[], from: number): Iterable<string> }
  fuse_unk: boolean
  tokenize: (word: string) => string[]
}

/** How much worse than the worst piece a character is that no piece holds. */
const unknownPenalty = 10

/**
 * The most probable pieces of a word, with the additions in the order of Hugging Face's Rust code (`encode_optimized`):
 * pieces that are equally probable together, such as `00` `0` and `0` `00`, come out as they do there. Neighbouring
 * characters that no piece holds are one piece.
 */
export function unigramPieces({ scores, tokens_to_ids: ids, min_score: worst, trie }: UnigramModel): (word: string) => string[] {
  return (word) => {
    const characters = [...word]
    const score = new Float64Array(characters.length + 1)
    const start = new Int32Array(characters.length + 1).fill(-1)
    const unknown = new Uint8Array(characters.length + 1)
    const offer = (from: number, to: number, value: number, isUnknown: 0 | 1) => {
      if (start[to]! >= 0 && !(value > score[to]!)) return
      score[to] = value
      start[to] = from
      unknown[to] = isUnknown
    }
    for (let from = 0; from < characters.length; from++) {
      let single = false
      for (const piece of trie.common_prefix_search(characters, from)) {
        const length = [...piece].length
        offer(from, from + length, scores[ids.get(piece)!]! + score[from]!, 0)
        single ||= length === 1
      }
      if (!single) offer(from, from + 1, worst - unknownPenalty + score[from]!, 1)
    }
    const pieces: string[] = []
    let last = characters.length
    for (let end = characters.length; end > 0; end = start[end]!) {
      const from = start[end]!
      if (unknown[end] && from > 0 && unknown[from]) continue
      pieces.push(characters.slice(from, last).join(''))
      last = from
    }
    return pieces.reverse()
  }
}
