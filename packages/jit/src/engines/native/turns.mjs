// Workers that make a training step together wait for each other, not for the user's thread: a message there and back costs each
// phase of a step half a millisecond.

/** @typedef {import('./protocol.ts').Done} Done */

/** A thread that sleeps wakes up as much as a millisecond late, so it looks for so long first, in milliseconds. */
const patience = 3
/** How long it then sleeps before it looks whether it is to stop, in milliseconds. */
const slice = 20

/**
 * Waits until workers have done what has a number.
 * @param {Done['done']} done
 * @param {Pick<Done, 'workers' | 'number'>} what
 * @param {() => boolean} stopping whether nothing is to be begun any more
 * @throws Error where one of them has failed
 */
export function awaitDone(done, { workers, number }, stopping) {
  const begun = performance.now()
  for (const worker of workers) {
    for (let last = Atomics.load(done, worker); last < number; last = Atomics.load(done, worker)) {
      if (-last >= number) throw new Error('another part of the step has failed')
      if (performance.now() - begun < patience) continue
      if (stopping()) throw new Error('the thread is stopping')
      Atomics.wait(done, worker, last, slice)
    }
  }
}

/** @param {Done['done']} done @param {number} worker @param {number} number below zero where it failed */
export function tellDone(done, worker, number) {
  Atomics.store(done, worker, number)
  Atomics.notify(done, worker)
}
