import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { anotherFailed, Turns } from '../../train-step/turns.ts'
import type { Done, StepTurns } from './protocol.ts'

// Plain JavaScript, as the worker that it is a part of.
const file = new URL('./turns.mjs', import.meta.url).href
const { awaitDone, tellDone } = (await import(file)) as {
  awaitDone(done: Int32Array, what: Omit<Done, 'done'>, stopping: () => boolean): void
  tellDone(done: Int32Array, worker: number, number: number): void
}
const go = () => false
const tell = ({ done, worker }: StepTurns, { number }: { number: number }, failed = false) =>
  tellDone(done, worker, failed ? -number : number)
const isToWait = ({ done }: StepTurns, what: Omit<Done, 'done'>) => {
  try {
    awaitDone(done, what, () => true)
    return false
  } catch (error) {
    expect((error as Error).message).toContain('stopping')
    return true
  }
}

describe('turns of workers', () => {
  it('are in order: gradients of all parts, their updates, the next gradients', () => {
    const turns = new Turns(3)
    const [first, second, third] = turns.next(2) as [StepTurns, StepTurns, StepTurns]
    expect(first.after).toBeUndefined()
    tell(first, first.gradients)
    expect(isToWait(third, third.gradients)).toBe(true)
    tell(second, second.gradients)
    // The third has no part.
    expect(isToWait(third, third.gradients)).toBe(false)
    const [next] = turns.next(1) as [StepTurns]
    for (const one of [first, second]) tell(one, one.updates)
    expect(isToWait(next, next.after!)).toBe(true)
    tell(third, third.updates)
    expect(isToWait(next, next.after!)).toBe(false)
    tell(next, next.gradients)
    expect(isToWait(next, next.gradients)).toBe(false)
  })

  it('fail where one before has failed or its worker is gone, until there is a restart', () => {
    const turns = new Turns(2)
    const [first, second] = turns.next(2) as [StepTurns, StepTurns]
    tell(first, first.gradients)
    tell(second, second.updates, true)
    expect(() => awaitDone(first.done, first.gradients, go)).toThrow(anotherFailed)
    tell(first, first.updates, true)
    const [doomed] = turns.next(2) as [StepTurns]
    expect(() => awaitDone(doomed.done, doomed.after!, go)).toThrow(anotherFailed)
    turns.restart()
    const [next] = turns.next(2) as [StepTurns]
    expect(next.after).toBeUndefined()
    tell(next, next.gradients)
    turns.giveUp(1)
    expect(() => awaitDone(next.done, next.gradients, go)).toThrow(anotherFailed)
  })

  it('let a thread sleep until it is its turn', async () => {
    const [first, second] = new Turns(2).next(2) as [StepTurns, StepTurns]
    tell(first, first.gradients)
    const code = `import(${JSON.stringify(file)}).then(({ awaitDone, tellDone }) => {
      const { done, worker, gradients, updates } = require('node:worker_threads').workerData
      awaitDone(done, gradients, () => false)
      tellDone(done, worker, updates.number)
    })`
    const worker = new Worker(code, { eval: true, workerData: first })
    await setTimeout(50)
    expect(first.done[0]).toBe(first.gradients.number)
    tell(second, second.gradients)
    await new Promise((resolve) => worker.once('exit', resolve))
    expect(first.done[0]).toBe(first.updates.number)
  })
})
