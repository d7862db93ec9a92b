import { Vocabulary } from '@kd/runtime'
import { expect, test } from 'vitest'
import { createStudent, siamese } from '../index.ts'

const known = 20_000
const rounds = 12

// Time of the processor, which other work on the machine hardly changes.
test("a text is compared with 100,000 others in a second of one core: the paper's sizes, the five best of them", async () => {
  const vocabulary = Vocabulary.build(['how do I learn to swim'])
  const student = await createStudent(siamese({ dimensions: 100 }), { labels: ['different', 'duplicate'], vocabulary, seed: 1 })
  const encoded = await student.encode(Array.from({ length: 100 }, (_, at) => `how do I learn ${'to swim '.repeat(at % 7)} ${at}`))
  const { length } = encoded.states
  const texts = { length: known, states: Float32Array.from({ length: 300 * known }, (_, at) => encoded.states[at % length]!) }
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    const best = (await student.compare('how to swim', texts)).top(5)
    const { user, system } = process.cpuUsage(before)
    rates.push(known / ((user + system) / 1e6))
    expect(best).toHaveLength(5)
  }
  const median = Math.round(rates.sort((a, b) => a - b)[rounds / 2]!)
  expect(median, `${median} comparisons`).toBeGreaterThanOrEqual(100_000)
  process.stdout.write(`${median} comparisons a second\n`)
  student.dispose()
})
