import { expect, test } from 'vitest'
import { QueueFull, WorkQueue } from './work-queue.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('answers in order, several requests at a time', async () => {
  const seen: string[] = []
  const answer = (text: string) => {
    seen.push(text)
    return text.toUpperCase()
  }
  const queue = new WorkQueue(answer, { capacity: 10 })
  const both = Promise.all([queue.run(['a', 'b']), queue.run(['c'])])
  expect(queue.length).toBe(3)
  expect(await both).toEqual([['A', 'B'], ['C']])
  expect(seen).toEqual(['a', 'b', 'c'])
  expect(queue.length).toBe(0)
})

test('refuses at once while too many wait, and takes work again once there are fewer', async () => {
  const queue = new WorkQueue((text) => text, { capacity: 3 })
  const first = queue.run(['a', 'b'])
  expect(queue.full).toBe(false)
  const second = queue.run(['c', 'd'])
  expect(queue.full).toBe(true)
  await expect(queue.run(['e'])).rejects.toBeInstanceOf(QueueFull)
  expect(await first).toEqual(['a', 'b'])
  expect(await second).toEqual(['c', 'd'])
  expect(await queue.run(['a', 'b', 'c', 'd', 'e'])).toHaveLength(5)
})

test('lets the event loop turn between slices', async () => {
  const slow = (text: string) => {
    for (const end = performance.now() + 2; performance.now() < end; );
    return text
  }
  const queue = new WorkQueue(slow, { capacity: 10, sliceMilliseconds: 3 })
  const done = queue.run(Array.from({ length: 10 }, String))
  let turns = 0
  while (queue.length > 0) {
    await nextTurn()
    turns++
  }
  expect(await done).toHaveLength(10)
  expect(turns).toBeGreaterThanOrEqual(4)
})

test('work that nobody waits for any more is left out', async () => {
  const seen: string[] = []
  const queue = new WorkQueue((text) => seen.push(text), { capacity: 3 })
  void queue.run(['gone', 'too'], () => false)
  await queue.run(['asked'])
  expect(seen).toEqual(['asked'])
  expect(queue.length).toBe(0)
})

test('what the function throws is the answer of its request alone', async () => {
  const fussy = (text: string) => {
    if (text === 'bad') throw new Error('bad')
    return text
  }
  const queue = new WorkQueue(fussy, { capacity: 6 })
  const answers = await Promise.allSettled([queue.run(['a']), queue.run(['b', 'bad', 'c']), queue.run(['d'])])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(queue.length).toBe(0)
})
