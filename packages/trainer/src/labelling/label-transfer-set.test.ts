import { setTimeout as sleep } from 'node:timers/promises'
import { dataset, type Example, KdError, type ProgressEvent, type Task, type Teacher } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { labelTransferSet } from './label-transfer-set.ts'

const task: Task = { name: 'signs', labels: ['negative', 'positive'], pairs: false, metrics: ['accuracy'] }
const golds: Example[] = Array.from({ length: 40 }, (_, index) => ({ text: `${index} ${index % 2 ? '+' : '-'}`, label: index % 2 }))

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(() => undefined).catch((error) => error)
  if (KdError.isInstance(error)) return error
  throw error ?? new Error('nothing was thrown')
}

async function* stream(examples: readonly Example[]): AsyncGenerator<Example> {
  yield* examples
}

describe('labelTransferSet', () => {
  it('gives each example with its logits, in their order, from a stream', async () => {
    const examples: Example[] = [
      { text: 'a +' },
      { text: 'b ---', label: 0 },
      { text: 'ü 😀 ++', pair: 'zwei +' },
      { text: 'a +', label: 1 },
    ]
    const labelled = await labelTransferSet(stream(examples), fakeTeacher({ name: 'signs' }))
    expect([...labelled].map(({ example }) => example)).toEqual(examples)
    expect([...labelled.logits]).toEqual([-1, 1, 3, -3, -3, 3, -1, 1])
    expect([...labelled].map(({ logits }) => logits[1])).toEqual([1, -3, 3, 1])
    expect(labelled).toMatchObject({ length: 4, labels: ['negative', 'positive'], teacher: 'signs' })
    expect(labelled.counts).toEqual({ examples: 4, texts: 3, stored: 0, excluded: 0 })
    expect(() => labelled.example(4)).toThrow(/4 is no place/)
    await labelled.close()
    expect(() => labelled.example(0)).toThrow(/closed/)
  })

  it('labels a text that occurs twice once, in batches of one length', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 6 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        async (texts, batchSize) => {
          const batches: string[][] = []
          const teacher = fakeTeacher({ onBatch: (batch) => void batches.push(batch.map(({ text }) => text)) })
          const labelled = await labelTransferSet(
            texts.map((text) => ({ text })),
            teacher,
            { batchSize },
          )
          expect(batches.flat().sort()).toEqual([...new Set(texts)].sort())
          for (const batch of batches) {
            expect(batch.length).toBeLessThanOrEqual(batchSize)
            expect(new Set(batch.map((text) => text.length)).size).toBe(1)
          }
          expect([...labelled].map(({ example }) => example.text)).toEqual(texts)
        },
      ),
    ))

  it('reports how much is done, of how much, and since when', async () => {
    const events: ProgressEvent[] = []
    await labelTransferSet(golds, fakeTeacher(), { batchSize: 8, onProgress: (event) => events.push(event) })
    expect(events.filter(({ stage }) => stage === 'read').at(-1)).toMatchObject({ done: 40, total: 40, unit: 'examples' })
    const labelled = events.filter(({ stage }) => stage === 'label')
    expect(labelled[0]).toMatchObject({ done: 0, total: 40, figures: { stored: 0 } })
    expect(labelled.at(-1)).toMatchObject({ done: 40, total: 40, unit: 'sentences' })
    expect(labelled.map(({ done }) => done)).toEqual([...labelled.map(({ done }) => done)].sort((a, b) => a - b))
  })

  it('has as many batches under way as the teacher works on at a time', async () => {
    for (const atOnce of [undefined, 1, 3]) {
      let underWay = 0
      let most = 0
      const plain = fakeTeacher()
      const teacher: Teacher = {
        ...plain,
        atOnce,
        async logits(examples) {
          most = Math.max(most, ++underWay)
          await sleep(examples.length % 3)
          underWay--
          return plain.logits(examples)
        },
      }
      const { logits } = await labelTransferSet(golds, teacher, { batchSize: 7 })
      expect(most).toBe(atOnce ?? 1)
      expect(logits).toEqual((await labelTransferSet(golds, plain)).logits)
    }
  })

  it('stops at the first batch that fails, once those beside it are done', async () => {
    let calls = 0
    const teacher: Teacher = {
      ...fakeTeacher(),
      atOnce: 3,
      async logits() {
        await sleep(5 - calls)
        throw new Error(`call ${calls++}`)
      },
    }
    const error = await failure(
      labelTransferSet(
        golds.map(({ text }) => ({ text })),
        teacher,
        { batchSize: 4 },
      ),
    )
    expect(error).toMatchObject({ kind: 'teacher', what: expect.stringContaining('call ') })
    expect(calls).toBe(3)
  })

  it('drops and counts what may only be reported on', async () => {
    const transfer = [{ text: 'kept +' }, { text: 'held out -' }, { text: 'a', pair: 'b' }, { text: 'held out -' }]
    const { length, counts } = await labelTransferSet(transfer, fakeTeacher(), {
      exclude: [[{ text: 'held out -', label: 0 }], [{ text: 'a' }]],
    })
    expect([length, counts.excluded]).toEqual([2, 2])
  })

  it('puts the columns in the order of the task when they are mapped', async () => {
    const teacher = fakeTeacher({ labels: ['good', 'bad'], logitsOf: ({ text }) => (text.includes('+') ? [5, 1] : [1, 5]) })
    const labelMap = { positive: 'good', negative: 'bad' }
    const { logits, labels } = await labelTransferSet(dataset(task, golds), teacher, { labelMap })
    expect(labels).toEqual(task.labels)
    expect([...logits.subarray(0, 4)]).toEqual([5, 1, 1, 5])
  })
})

describe('the check of the teacher', () => {
  const swapped = fakeTeacher({ logitsOf: ({ text }) => (text.includes('+') ? [1, 0] : [0, 1]) })
  const guessing = fakeTeacher({ logitsOf: ({ text }) => (Number(text.split(' ')[0]) % 4 < 2 ? [1, 0] : [0, 1]) })
  const constant = fakeTeacher({ logitsOf: () => [1, 0] })

  it('stops before anything is labelled when the labels are swapped', async () => {
    const error = await failure(labelTransferSet([{ text: 'never asked' }], swapped, { check: dataset(task, golds) }))
    expect(error.kind).toBe('teacher')
    expect(error.message).toMatch(/below chance: it finds 0.0 % of 40 .* guessing finds 50.0 %.*swapped.*negative, positive.*labelMap/)
  })

  it('uses the labelled examples of the transfer set without a check set', async () => {
    expect((await failure(labelTransferSet(golds, guessing))).message).toMatch(/near chance: it finds 50.0 %/)
    expect((await labelTransferSet(golds, fakeTeacher())).length).toBe(40)
  })

  it('is not deceived by a large class', async () => {
    const skewed = golds.map((example, index) => (index % 10 === 1 ? example : { text: `${index} -`, label: 0 }))
    expect((await failure(labelTransferSet(skewed, constant))).message).toMatch(/near chance/)
  })

  it('has nothing to say without labels, or on a handful', async () => {
    expect((await labelTransferSet([{ text: 'a' }], constant)).length).toBe(1)
    expect((await labelTransferSet(golds.slice(0, 4), constant)).length).toBe(4)
  })
})

describe('what goes wrong', () => {
  const three = { ...task, labels: ['negative', 'neutral', 'positive'] }
  const cases: [string, () => Promise<unknown>, string, RegExp][] = [
    [
      'other labels',
      () => labelTransferSet(golds, fakeTeacher(), { labels: ['no', 'yes'] }),
      'mismatch',
      /no, yes.*labelMap: { "no": "negative"/,
    ],
    [
      'another order',
      () => labelTransferSet(golds, fakeTeacher(), { labels: ['positive', 'negative'] }),
      'mismatch',
      /labelMap: { "positive": "positive"/,
    ],
    ['another number', () => labelTransferSet(dataset(three, golds), fakeTeacher()), 'mismatch', /Fine-tune/],
    ['a map of no label', () => labelTransferSet(golds, fakeTeacher(), { labelMap: { good: 'positive' } }), 'mismatch', /maps good/],
    [
      'a map that is none',
      () => labelTransferSet(golds, fakeTeacher(), { labelMap: { negative: 'positive' } }),
      'mismatch',
      /makes them positive, positive/,
    ],
    [
      'NaN',
      () =>
        labelTransferSet(
          [{ text: 'a' }, { text: 'a' }, { text: 'b' }],
          fakeTeacher({ logitsOf: ({ text }) => [0, text === 'b' ? Number.NaN : 1] }),
        ),
      'teacher',
      /logit NaN for text 2, "b"/,
    ],
    [
      'too few logits',
      () => labelTransferSet([{ text: 'a' }], fakeTeacher({ logitsOf: () => [1] })),
      'teacher',
      /gave 1 logits for 1 texts of 2 labels/,
    ],
    [
      'a teacher that throws',
      () => labelTransferSet([{ text: 'a' }], fakeTeacher({ onBatch: () => Promise.reject(new Error('no route')) })),
      'teacher',
      /no route/,
    ],
    ['a teacher of no label', () => labelTransferSet(golds, { ...fakeTeacher(), labels: [] }), 'option', /option teacher/],
    ['no teacher', () => labelTransferSet(golds, undefined as unknown as Teacher), 'option', /option teacher/],
    [
      'too few lengths',
      () => labelTransferSet([{ text: 'a' }], { ...fakeTeacher(), lengths: () => [] }),
      'teacher',
      /0 lengths for 1 texts/,
    ],
    ['no example', () => labelTransferSet([{ text: 'a' }, {} as Example], fakeTeacher()), 'data', /example 1 has no text/],
    ['a label outside the task', () => labelTransferSet([{ text: 'a', label: 2 }], fakeTeacher()), 'data', /example 0 has the label 2/],
    ['batchSize', () => labelTransferSet(golds, fakeTeacher(), { batchSize: 1.5 }), 'option', /option batchSize/],
    ['a signal before', () => labelTransferSet(golds, fakeTeacher(), { signal: AbortSignal.abort() }), 'aborted', /stopped on request/],
  ]
  it.each(cases)('%s', async (_, work, kind, message) => {
    const error = await failure(work())
    expect(error.message).toMatch(message)
    expect(error.kind).toBe(kind)
  })

  it('lets Ctrl-C in between batches, however busy the teacher', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 5)
    const busy = fakeTeacher({
      onBatch: () => {
        for (const start = performance.now(); performance.now() - start < 2; );
      },
    })
    const texts = Array.from({ length: 2000 }, (_, index) => ({ text: String(index) }))
    expect((await failure(labelTransferSet(texts, busy, { batchSize: 1, signal: controller.signal }))).kind).toBe('aborted')
  })
})
