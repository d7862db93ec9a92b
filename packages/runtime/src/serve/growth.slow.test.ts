import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { madeUp, packedOf, words } from '../../fixtures/made-up.ts'
import { writePacked } from '../write-packed.ts'
import { load } from './load.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function held(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('a million predictions leave nothing behind', async () => {
  const student = await load(writePacked(packedOf(madeUp(), 'int8')), { cacheBytes: 0 })
  const out = new Float32Array(2)
  const ids = Int32Array.from({ length: 8 }, (_, at) => 3 + at)
  const ask = (n: number) => {
    for (let i = 0; i < n; i++) {
      if (i & 1) {
        ids[i & 7] = 3 + (i % (words.length - 4))
        student.logits(ids, out)
        // Words that the student does not know, too.
      } else student.predict(`${words[i % words.length]} ${words[(i * 7) % words.length]} w${i % 40_000}`)
    }
  }
  ask(200_000)
  const before = held()
  ask(1_000_000)
  // Bytes; one a prediction would be a million.
  expect(held() - before).toBeLessThan(200_000)
}, 600_000)
