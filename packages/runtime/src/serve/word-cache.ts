/**
 * Which word has which slot. Slots are filled in turn; once all are taken, those whose words were not met since the hand
 * passed them last go first (the clock algorithm). Words of the running text keep theirs.
 */
export class WordCache {
  readonly #project: (word: number, slot: number) => void
  /** Slot of each word, or -1. */
  readonly #slotOf: Int32Array
  readonly #wordOf: Int32Array
  /** The text in which a slot's word was met last, and that text when the hand passed. */
  readonly #met: Float64Array
  readonly #passed: Float64Array
  #text = 0
  #hand = 0
  #taken = 0

  /** @param slots at least as many as a text has different words */
  constructor(words: number, slots: number, project: (word: number, slot: number) => void) {
    this.#project = project
    this.#slotOf = new Int32Array(words).fill(-1)
    this.#wordOf = new Int32Array(slots)
    this.#met = new Float64Array(slots)
    this.#passed = new Float64Array(slots)
  }

  /** Writes the slots of a text's words; those that have none are projected. */
  place(ids: Int32Array, length: number, places: Int32Array): void {
    const text = ++this.#text
    for (let at = 0; at < length; at++) {
      const word = ids[at]!
      let slot = this.#slotOf[word]!
      if (slot < 0) {
        slot = this.#taken < this.#wordOf.length ? this.#taken++ : this.#free(text)
        this.#slotOf[word] = slot
        this.#wordOf[slot] = word
        this.#project(word, slot)
      }
      this.#met[slot] = text
      places[at] = slot
    }
  }

  #free(text: number): number {
    for (;;) {
      const slot = this.#hand
      this.#hand = slot + 1 === this.#wordOf.length ? 0 : slot + 1
      const met = this.#met[slot]!
      if (met === text) continue
      if (met > this.#passed[slot]!) this.#passed[slot] = met
      else {
        this.#slotOf[this.#wordOf[slot]!] = -1
        return slot
      }
    }
  }
}
