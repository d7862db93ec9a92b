import { setImmediate } from 'node:timers'

/** Thrown where work would wait longer than a server should let it. */
export class QueueFull extends Error {}

interface Work<T> {
  readonly texts: readonly string[]
  readonly answers: T[]
  /** False once nobody waits for the answer any more. */
  readonly wanted: () => boolean
  readonly resolve: (answers: T[]) => void
  readonly reject: (error: unknown) => void
}

/** Share of the thread that work gets at least while some waits: refusing must not eat what answering needs. */
const workShare = 2 / 3
const longestSlice = 50

/**
 * A bounded queue in front of a function that takes the thread. It works in slices of a few milliseconds, between which
 * the event loop reads the next requests: so a server that is asked for too much sees that at once, and refuses what it
 * could not answer in time instead of letting everybody wait.
 */
export class WorkQueue<T> {
  /** Work is taken while fewer texts wait. */
  readonly capacity: number
  readonly #answer: (text: string) => T
  readonly #sliceMilliseconds: number
  readonly #waiting: Work<T>[] = []
  #texts = 0
  #scheduled = false
  /** When the last slice of a busy queue ended. */
  #ended = 0

  constructor(answer: (text: string) => T, { capacity, sliceMilliseconds = 4 }: { capacity: number; sliceMilliseconds?: number }) {
    this.#answer = answer
    this.capacity = capacity
    this.#sliceMilliseconds = sliceMilliseconds
  }

  /** Texts that wait for an answer. */
  get length(): number {
    return this.#texts
  }

  get full(): boolean {
    return this.#texts >= this.capacity
  }

  /**
   * Answers all texts, in order.
   * @param wanted asked before the work is begun; where it says no, the promise stays open
   * @throws QueueFull at once if too many wait already, or what the function threw
   */
  run(texts: readonly string[], wanted: () => boolean = () => true): Promise<T[]> {
    if (this.full) return Promise.reject(new QueueFull())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ texts, answers: [], wanted, resolve, reject })
      this.#texts += texts.length
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#slice()
      this.#schedule()
    })
  }

  #slice(): void {
    const begun = performance.now()
    const others = this.#ended === 0 ? 0 : begun - this.#ended
    const end = begun + Math.min(longestSlice, Math.max(this.#sliceMilliseconds, (others * workShare) / (1 - workShare)))
    this.#work(end)
    this.#ended = this.#waiting.length > 0 ? performance.now() : 0
  }

  #work(end: number): void {
    for (let work = this.#waiting[0]; work && performance.now() < end; work = this.#waiting[0]) {
      const left = () => work.texts.length - work.answers.length
      try {
        if (work.answers.length > 0 || work.wanted()) {
          do {
            work.answers.push(this.#answer(work.texts[work.answers.length]!))
            this.#texts--
          } while (left() > 0 && performance.now() < end)
          if (left() > 0) return
          work.resolve(work.answers)
        }
      } catch (error) {
        work.reject(error)
      }
      this.#waiting.shift()
      this.#texts -= left()
    }
  }
}
