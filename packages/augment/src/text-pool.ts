import type { Example } from '@kd/core'

/** Different texts that are not empty, and which of them may stand first in a pair, and which second. */
export class TextPool {
  readonly #ids = new Map<string, number>()
  readonly #first = new Set<number>()
  readonly #second = new Set<number>()
  readonly #anySide: boolean

  /** @param anySide whether a text of a pair may take either side; a single text always may */
  constructor(anySide: boolean) {
    this.#anySide = anySide
  }

  add({ text, pair }: Example): void {
    const isAny = this.#anySide || pair === undefined
    this.#add(text, true, isAny)
    if (pair !== undefined) this.#add(pair, isAny, true)
  }

  get size(): number {
    return this.#ids.size
  }

  get texts(): string[] {
    return [...this.#ids.keys()]
  }

  /** Indices into `texts`. */
  get sides(): { first: Uint32Array; second: Uint32Array } {
    return { first: Uint32Array.from(this.#first), second: Uint32Array.from(this.#second) }
  }

  #add(text: string, first: boolean, second: boolean): void {
    if (text.trim() === '') return
    const id = this.#ids.get(text) ?? this.#ids.size
    this.#ids.set(text, id)
    if (first) this.#first.add(id)
    if (second) this.#second.add(id)
  }
}
