import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BertTeacher } from './teacher.ts'

interface Golden {
  rows: { texts: string[]; logits: number[] }[]
}

describe('@kd/teacher-sst2', () => {
  let teacher: BertTeacher
  let golden: Golden

  beforeAll(async () => {
    golden = JSON.parse(await readFile(new URL('../fixtures/teacher-sst2.json', import.meta.url), 'utf8'))
    teacher = await BertTeacher.load('@kd/teacher-sst2', { from: import.meta.url, threads: 1 })
  })
  afterAll(() => teacher.dispose())

  it('is what its card says', () => {
    expect(teacher).toMatchObject({
      name: '@kd/teacher-sst2',
      labels: ['negative', 'positive'],
      arithmetic: 'int8, a scale a token',
      parameters: { total: 33_360_770, withoutEmbeddings: 21_442_946 },
      bytes: 34_086_556,
      maxLength: 128,
    })
    expect(teacher.fingerprint).toMatch(/^bert [0-9a-f]{64} 128 int8/)
  })

  it("gives PyTorch's class wherever its margin exceeds 0.5", async () => {
    const logits = await teacher.logits(golden.rows.map(({ texts }) => ({ text: texts[0]! })))
    let compared = 0
    golden.rows.forEach(({ texts, logits: [negative, positive] }, row) => {
      if (Math.abs(positive! - negative!) <= 0.5) return
      compared++
      expect(logits[2 * row + 1]! > logits[2 * row]!, texts[0]).toBe(positive! > negative!)
    })
    expect(compared).toBeGreaterThan(25)
  })
})
