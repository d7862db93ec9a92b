import type { Example } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { hardExamples } from './hard-examples.ts'

/** Of three classes: its logits are the numbers of the text. */
const student = fakeTeacher({ labels: ['a', 'b', 'c'], logitsOf: ({ text }) => text.split(' ').map(Number) })
const texts = (examples: readonly Example[]) => examples.map(({ text }) => text)

describe('hardExamples', () => {
  const candidates = ['9 0 0', '5 4 0', '6 0 4', '0 7 0', '0 7 6', '0 0 3'].map((text) => ({ text }))

  it('are those of the smallest margins, as many of each class as there are, in their order', async () => {
    expect(texts(await hardExamples(candidates, student, { count: 3 }))).toEqual(['5 4 0', '0 7 6', '0 0 3'])
    // Of the third class there is but one.
    expect(texts(await hardExamples(candidates, student, { count: 5 }))).toEqual(['5 4 0', '6 0 4', '0 7 0', '0 7 6', '0 0 3'])
    expect(await hardExamples(candidates, student, { count: 6 })).toEqual(candidates)
    expect(await hardExamples([], student, { count: 6 })).toEqual([])
  })

  it('come from a stream, whatever batches the student reads, and report', async () => {
    const onProgress = vi.fn()
    const stream = (async function* () {
      yield* candidates
    })()
    const found = await hardExamples(stream, student, { count: 3, batchSize: 1, onProgress })
    expect(found).toEqual(await hardExamples(candidates, student, { count: 3 }))
    expect(onProgress).toHaveBeenLastCalledWith(expect.objectContaining({ stage: 'choose', done: 6, total: 6 }))
  })

  it('leave no class out for a more certain one of another', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 3 })),
        fc.integer({ min: 1, max: 30 }),
        async (rows, count) => {
          const all = rows.map((row, index) => ({ text: row.join(' '), id: index }))
          const found = await hardExamples(all, student, { count })
          expect(found).toHaveLength(Math.min(count, all.length))
          const facts = all.map((example, index) => {
            const [first, second] = rows[index]!.toSorted((a, b) => b - a) as [number, number]
            return { label: rows[index]!.indexOf(first), margin: first - second, isFound: found.includes(example) }
          })
          const counts = [0, 1, 2].map((label) => facts.filter((fact) => fact.label === label && fact.isFound).length)
          for (const { label, margin } of facts.filter(({ isFound }) => !isFound)) {
            // One that was left out is as certain as all of its class that were not, and its class has its share.
            for (const other of facts) if (other.label === label && other.isFound) expect(other.margin).toBeLessThanOrEqual(margin)
            expect(counts[label]).toBeGreaterThanOrEqual(Math.max(...counts) - 1)
          }
        },
      ),
      { numRuns: 60 },
    ))

  it('are refused for what is no number, for scores, and for texts that the student does not read', async () => {
    await expect(hardExamples(candidates, student, { count: 0 })).rejects.toMatchObject({ kind: 'option', where: { option: 'count' } })
    await expect(hardExamples(candidates, student, { count: 1.5 })).rejects.toMatchObject({ where: { option: 'count' } })
    await expect(hardExamples(candidates, student, { count: 1, batchSize: 0 })).rejects.toMatchObject({ where: { option: 'batchSize' } })
    await expect(hardExamples(candidates, fakeTeacher({ labels: ['score'] }), { count: 1 })).rejects.toThrow(/scores/)
    await expect(hardExamples(candidates, { ...student, pairs: true }, { count: 1 })).rejects.toMatchObject({ kind: 'mismatch' })
    await expect(hardExamples([{ text: 'x y z' }], student, { count: 1 })).rejects.toMatchObject({ kind: 'teacher' })
    await expect(hardExamples(candidates, student, { count: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' })
  })
})
