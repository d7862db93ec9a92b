import { expect, it } from 'vitest'
import { fakeTeacher } from './fake-teacher.ts'

const examples = [{ text: '++-' }, { text: 'a', pair: '--' }]

it('answers with the pluses and minuses of a text', async () => {
  expect([...(await fakeTeacher().logits(examples))]).toEqual([-1, 1, 2, -2])
  expect(Array.from(fakeTeacher().lengths!(examples))).toEqual([3, 4])
})

it('takes other labels and other logits, shows each batch, and stops when asked', async () => {
  const seen: string[] = []
  const teacher = fakeTeacher({
    name: 'length',
    labels: ['a', 'b', 'c'],
    logitsOf: ({ text }) => [text.length, 0, 0],
    onBatch: (batch) => void seen.push(...batch.map(({ text }) => text)),
  })
  expect([...(await teacher.logits(examples))]).toEqual([3, 0, 0, 1, 0, 0])
  expect(seen).toEqual(['++-', 'a'])
  await expect(teacher.logits(examples, { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' })
})
