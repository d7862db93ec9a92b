import { grown } from './grown.ts'
import { termsOf } from './terms.ts'

/** Texts that one look-up visits at most, rare words first: what keeps it fast however common a text's words are. */
const mostVisits = 1000

/**
 * The texts that are most like one of them by their words: cosine of the words' weights, ln(1 + texts / texts with the
 * word). Approximate: only words are compared that `mostVisits` leaves room for, of the last one but some of its texts.
 * A text takes about 10 us.
 */
export class Neighbours {
  readonly #count: number
  /** Words of all texts, text after text, as numbers; those of text i from `#begins[i]` to before `#begins[i + 1]`, rare ones first. */
  #terms: Uint32Array<ArrayBuffer> = new Uint32Array(1024)
  readonly #begins: Uint32Array
  /** Texts that can be found, word after word; those of word w from `#placesBegin[w]` to before `#placesBegin[w + 1]`. */
  readonly #places: Uint32Array
  readonly #placesBegin: Uint32Array
  /** Squared weights of the words. */
  readonly #weights: Float64Array
  /** 1 / the length of each text's vector. */
  readonly #scale: Float64Array
  readonly #scores: Float32Array
  readonly #visited = new Uint32Array(mostVisits)

  /**
   * @param texts different ones
   * @param found which of them can be found, by their indices
   */
  constructor(texts: readonly string[], found: Uint32Array) {
    this.#count = texts.length
    this.#begins = new Uint32Array(texts.length + 1)
    const ids = new Map<string, number>()
    texts.forEach((text, index) => {
      let at = this.#begins[index]!
      for (const term of termsOf(text)) {
        const id = ids.get(term) ?? ids.size
        ids.set(term, id)
        this.#terms = grown(this.#terms, at + 1)
        this.#terms[at++] = id
      }
      this.#begins[index + 1] = at
    })
    const counts = new Uint32Array(ids.size)
    for (let at = 0; at < this.#begins[texts.length]!; at++) counts[this.#terms[at]!]!++
    this.#weights = Float64Array.from(counts, (count) => Math.log(1 + texts.length / count) ** 2)
    this.#scale = new Float64Array(texts.length)
    for (let index = 0; index < texts.length; index++) {
      const terms = this.#termsOf(index).sort((a, b) => counts[a]! - counts[b]! || a - b)
      let square = 0
      for (const term of terms) square += this.#weights[term]!
      this.#scale[index] = square > 0 ? 1 / Math.sqrt(square) : 0
    }
    this.#scores = new Float32Array(texts.length)

    this.#placesBegin = new Uint32Array(ids.size + 1)
    for (const index of found) for (const term of this.#termsOf(index)) this.#placesBegin[term + 1]!++
    for (let term = 0; term < ids.size; term++) this.#placesBegin[term + 1]! += this.#placesBegin[term]!
    this.#places = new Uint32Array(this.#placesBegin[ids.size]!)
    const next = this.#placesBegin.slice()
    for (const index of found) for (const term of this.#termsOf(index)) this.#places[next[term]!++] = index
  }

  /** Indices of the texts that are most like text `index`, itself left out, the most like first: up to `count`. */
  of(index: number, count: number): number[] {
    const visits = this.#visit(index)
    const [scores, scale, visited] = [this.#scores, this.#scale, this.#visited]
    scores[index] = 0
    const best: number[] = []
    const bestScores: number[] = []
    for (let i = 0; i < visits; i++) {
      const other = visited[i]!
      const score = scores[other]! * scale[other]!
      scores[other] = 0
      let at = best.length
      if (score === 0 || (at === count && score < bestScores[at - 1]!)) continue
      while (at > 0 && (bestScores[at - 1]! < score || (bestScores[at - 1] === score && best[at - 1]! > other))) at--
      best.splice(at, 0, other)
      bestScores.splice(at, 0, score)
      if (best.length > count) {
        best.pop()
        bestScores.pop()
      }
    }
    return best
  }

  /** Adds up scores of the texts that share words with text `index`, itself too; notes which and returns how many. */
  #visit(index: number): number {
    const [scores, visited, places] = [this.#scores, this.#visited, this.#places]
    let left = mostVisits
    let visits = 0
    for (let at = this.#begins[index]!; at < this.#begins[index + 1]! && left > 0; at++) {
      const term = this.#terms[at]!
      const weight = this.#weights[term]!
      let begin = this.#placesBegin[term]!
      let end = this.#placesBegin[term + 1]!
      if (end - begin > left) {
        // Of a word with more texts than are left to visit, those from a place on that is another for each text.
        begin += Math.floor((index / this.#count) * (end - begin - left))
        end = begin + left
      }
      for (let place = begin; place < end; place++) {
        const other = places[place]!
        const score = scores[other]!
        if (score === 0) visited[visits++] = other
        scores[other] = score + weight
      }
      left -= end - begin
    }
    return visits
  }

  #termsOf(index: number): Uint32Array {
    return this.#terms.subarray(this.#begins[index]!, this.#begins[index + 1]!)
  }
}
