import type { StepTurns } from '../engines/native/protocol.ts'

/** What a worker says that did not do its share because another one failed: see turns.mjs. */
export const anotherFailed = 'another part of the step has failed'

/** Says that a worker will never be done: no request has so large a number. */
const never = -(2 ** 31)

/** Numbers for the shares that workers have in steps, so that they do them in order without hearing from this thread. */
export class Turns {
  readonly #done: Int32Array
  #number = 0
  /** The last step's updates, which the next one waits for. */
  #last: StepTurns['after']

  constructor(workers: number) {
    this.#done = new Int32Array(new SharedArrayBuffer(4 * workers))
  }

  /** The turns of each worker in the next step, whose gradients the first `parts` of them make. */
  next(parts: number): StepTurns[] {
    const [done, after] = [this.#done, this.#last]
    const workers = Array.from(done, (_, worker) => worker)
    const gradients = { workers: workers.slice(0, parts), number: this.#number + 1 }
    const updates = { workers, number: this.#number + 2 }
    this.#number = updates.number
    this.#last = updates
    return workers.map((worker) => ({ done, worker, after, gradients, updates }))
  }

  /** The next step waits for nothing: all that was asked for has been answered. */
  restart(): void {
    this.#last = undefined
  }

  /** Those that wait for a worker fail: it has died. */
  giveUp(worker: number): void {
    Atomics.store(this.#done, worker, never)
    Atomics.notify(this.#done, worker)
  }
}
