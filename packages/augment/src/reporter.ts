import type { OnProgress } from '@kd/core'

/** Reports progress in originals, at most ten times a second and at the end. */
export class Reporter {
  readonly #begun = performance.now()
  #last = this.#begun
  readonly #name: string
  readonly #onProgress: OnProgress | undefined
  readonly #total: number | undefined

  constructor(name: string, onProgress: OnProgress | undefined, total: number | undefined) {
    this.#name = name
    this.#onProgress = onProgress
    this.#total = total
  }

  report(done: number, figures?: Record<string, number>): void {
    if (!this.#onProgress) return
    const now = performance.now()
    if (now - this.#last < 100) return
    this.#last = now
    this.end(done, figures)
  }

  end(done: number, figures?: Record<string, number>): void {
    this.#onProgress?.({
      stage: 'augment',
      name: this.#name,
      done,
      ...(this.#total !== undefined && { total: this.#total }),
      unit: 'examples',
      seconds: (performance.now() - this.#begun) / 1000,
      ...(figures && { figures }),
    })
  }
}

/** How many examples there are, where that is known without reading them. */
export function lengthOf(examples: object): number | undefined {
  return 'length' in examples && typeof examples.length === 'number' ? examples.length : undefined
}
