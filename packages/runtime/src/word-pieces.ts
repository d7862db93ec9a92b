/** What goes on a word begins with it, as in BERT's vocabularies. */
export const continuation = '##'

/** Longer words are unknown, as by default in Hugging Face's WordPiece. In code points. */
export const longestWord = 100

/**
 * Pieces that words can be put together from: letters, then what stands beside each other in most words, joined step by
 * step (byte pair encoding, Sennrich et al. 2016, section 3.2; each word counts once, so that endings and stems win over frequent words).
 * @param words all of a text's words, each once
 * @param known words that need no place of their own
 * @param atMost pieces
 */
export function learnPieces(words: readonly string[], known: ReadonlySet<string>, atMost: number): string[] {
  const learned = new Set<string>()
  const spelled = commonLetters(words, atMost)
  for (const piece of spelled.flat()) if (!known.has(piece)) learned.add(piece)
  const pairs = new Pairs(spelled)
  while (learned.size < atMost) {
    const joined = pairs.joinMostFrequent()
    if (joined === undefined) break
    if (!known.has(joined)) learned.add(joined)
  }
  return [...learned]
}

/** Words as letters, those left out that hold a letter beyond the most common: half the places are for longer pieces. */
function commonLetters(words: readonly string[], atMost: number): string[][] {
  const spelled = words.map((word) => [...word].map((letter, place) => (place === 0 ? letter : continuation + letter)))
  const counts = new Map<string, number>()
  for (const letter of spelled.flat()) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  const common = new Set(
    [...counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, Math.floor(atMost / 2))
      .map(([letter]) => letter),
  )
  return spelled.filter((letters) => letters.length > 1 && letters.length <= longestWord && letters.every((letter) => common.has(letter)))
}

/** Neighbours in words that are joined again and again. */
class Pairs {
  readonly #words: string[][]
  readonly #counts = new Map<string, number>()
  /** Words that have, or had, the pair. */
  readonly #places = new Map<string, Set<number>>()

  constructor(words: string[][]) {
    this.#words = words
    for (let index = 0; index < words.length; index++) this.#count(index, 1)
  }

  /** The piece that came of it, or undefined where no pair stands twice. */
  joinMostFrequent(): string | undefined {
    let most = 1
    let pair: string | undefined
    for (const [candidate, count] of this.#counts) {
      if (count > most) {
        most = count
        pair = candidate
      }
    }
    if (pair === undefined) return undefined
    const [left, right] = pair.split(' ') as [string, string]
    const joined = left + right.slice(continuation.length)
    for (const index of this.#places.get(pair)!) {
      this.#count(index, -1)
      this.#words[index] = joinAll(this.#words[index]!, left, right, joined)
      this.#count(index, 1)
    }
    this.#counts.delete(pair)
    this.#places.delete(pair)
    return joined
  }

  #count(index: number, change: 1 | -1): void {
    const pieces = this.#words[index]!
    for (let place = 1; place < pieces.length; place++) {
      const pair = `${pieces[place - 1]} ${pieces[place]}`
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + change)
      if (change < 0) continue
      const places = this.#places.get(pair)
      if (places) places.add(index)
      else this.#places.set(pair, new Set([index]))
    }
  }
}

function joinAll(pieces: readonly string[], left: string, right: string, joined: string): string[] {
  const result: string[] = []
  for (let place = 0; place < pieces.length; place++) {
    if (pieces[place] === left && pieces[place + 1] === right) {
      result.push(joined)
      place++
    } else result.push(pieces[place]!)
  }
  return result
}
