import { expect, test } from 'vitest'
import { ofPapersSize } from '../../fixtures/made-up.ts'
import { writePacked } from '../write-packed.ts'
import { load } from './load.ts'

/** Of the fastest of many rounds, which a busy machine does not change; milliseconds. */
async function fastest(rounds: number, round: (at: number) => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < rounds; at++) {
    const start = performance.now()
    await round(at)
    least = Math.min(least, performance.now() - start)
  }
  return least
}

test.each(['bilstm', 'siamese'] as const)('a %s of 100 dimensions and 15,000 words is read in 5 ms', async (student) => {
  const file = writePacked(ofPapersSize({ student }))
  expect(await fastest(40, () => load(file))).toBeLessThan(5)
})

test('a text is compared with 100,000 others in a second', async () => {
  const student = await load(writePacked(ofPapersSize({ student: 'siamese', labels: ['different', 'duplicate'] })))
  const known = student.encode(Array.from({ length: 200 }, (_, n) => `x00${(n % 26).toString(36)} x01${n % 10} x${n}`))
  const ms = await fastest(300, () => student.compare('x020 x017', known))
  expect(200 / (ms / 1000)).toBeGreaterThan(100_000)
})
