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

  it('gives a text the same bits whatever is computed beside it, in any order', async () => {
    const texts = golden.rows.flatMap(({ texts }) => [texts[0]!, `${texts[0]} indeed`]).map((text) => ({ text }))
    const together = await teacher.logits(texts)
    const order = texts.map((_, i) => (i * 37) % texts.length)
    for (const batchSize of [1, 7]) {
      const other = await BertTeacher.load('@kd/teacher-sst2', { from: import.meta.url, threads: 2, batchSize })
      const shuffled = await other.logits(order.map((place) => texts[place]!))
      order.forEach((place, i) => {
        expect(shuffled.slice(2 * i, 2 * i + 2)).toEqual(together.slice(2 * place, 2 * place + 2))
      })
      await other.dispose()
    }
  })

  it('counts tokens, special ones included, at most maxLength', () => {
    expect([
      ...teacher.lengths([{ text: 'perfect' }, { text: '' }, { text: 'so good', pair: 'so' }, { text: 'good '.repeat(200) }]),
    ]).toEqual([3, 2, 6, 128])
  })

  it('answers nothing to nothing, and something to an empty text', async () => {
    expect(await teacher.logits([])).toEqual(new Float32Array(0))
    const logits = await teacher.logits([{ text: '' }, { text: '\u0000' }, { text: 'x'.repeat(100_000) }])
    expect(logits.every(Number.isFinite)).toBe(true)
  })

  it('stops between batches when asked to', async () => {
    const controller = new AbortController()
    const answer = teacher.logits(
      Array.from({ length: 2000 }, (_, i) => ({ text: `film ${i}` })),
      { signal: controller.signal },
    )
    controller.abort()
    await expect(answer).rejects.toMatchObject({ kind: 'aborted' })
    await expect(teacher.logits([{ text: 'perfect' }], { signal: controller.signal })).rejects.toMatchObject({ kind: 'aborted' })
    expect(await teacher.logits([{ text: 'perfect' }])).toHaveLength(2)
  })
})

describe('@kd/teacher-qqp', () => {
  let teacher: BertTeacher

  beforeAll(async () => void (teacher = await BertTeacher.load('@kd/teacher-qqp', { from: import.meta.url, threads: 1 })))
  afterAll(() => teacher.dispose())

  it('is what its card says', () => {
    expect(teacher).toMatchObject({
      name: '@kd/teacher-qqp',
      labels: ['not_duplicate', 'duplicate'],
      arithmetic: 'int8, a scale a token',
      parameters: { total: 33_360_770, withoutEmbeddings: 21_442_946 },
      bytes: 34_086_556,
      maxLength: 128,
    })
  })

  it("gives PyTorch's logits of pairs to 0.3, and its class wherever its margin exceeds 0.6", async () => {
    const golden: Golden = JSON.parse(await readFile(new URL('../fixtures/teacher-qqp.json', import.meta.url), 'utf8'))
    const logits = await teacher.logits(golden.rows.map(({ texts: [text, pair] }) => ({ text: text!, pair: pair! })))
    golden.rows.forEach((row, number) => {
      const [not, same] = logits.subarray(2 * number, 2 * number + 2)
      const [theirNot, theirSame] = row.logits
      expect(Math.abs(not! - theirNot!), row.texts.join(' ')).toBeLessThan(0.3)
      expect(Math.abs(same! - theirSame!), row.texts.join(' ')).toBeLessThan(0.3)
      if (Math.abs(theirSame! - theirNot!) > 0.6) expect(same! > not!, row.texts.join(' ')).toBe(theirSame! > theirNot!)
    })
  })
})
