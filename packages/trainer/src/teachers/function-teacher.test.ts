import { type Example, KdError } from '@kd/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answers } from './answers.ts'
import { type FunctionTeacherOptions, functionTeacher } from './function-teacher.ts'
import { centredLogs } from './soft-targets.ts'

const labels = ['no', 'maybe', 'yes']
const two: Example[] = [{ text: 'a' }, { text: 'b', pair: 'c' }]
const answering = (answers: unknown, options: Partial<FunctionTeacherOptions> = {}) =>
  functionTeacher({ name: 'rules@1', labels, answer: () => answers as Answers, ...options }).logits(two)

async function failure(work: () => unknown): Promise<KdError> {
  try {
    await work()
  } catch (error) {
    if (KdError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const softmax = (logits: readonly number[]): number[] => {
  const exps = logits.map(Math.exp)
  const sum = exps.reduce((total, one) => total + one, 0)
  return exps.map((one) => one / sum)
}

describe('functionTeacher', () => {
  it('takes logits as they are', async () => {
    expect([
      ...(await answering({
        logits: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      })),
    ]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...(await answering(Float32Array.of(1, 2, 3, 4, 5, 6)))]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('takes probabilities, in order or by name, as centred logarithms', async () => {
    const [a, b, c, ...byName] = await answering({ probabilities: [[0.7, 0.2, 0.1], { yes: 0.1, no: 0.7, maybe: 0.2 }] })
    expect(byName).toEqual([a, b, c])
    expect(a! + b! + c!).toBeCloseTo(0, 6)
    expect(a! - b!).toBeCloseTo(Math.log(3.5), 6)
    expect(b! - c!).toBeCloseTo(Math.log(2), 6)
  })

  it('lifts a probability of 0 to the floor', async () => {
    const logits = await answering({ probabilities: [[1, 0, 0], { yes: 1 }] }, { floor: 1e-3 })
    expect(logits[0]! - logits[1]!).toBeCloseTo(Math.log(1000), 5)
    expect([...logits].every(Number.isFinite)).toBe(true)
  })

  it('takes labels by name or index, with the stated confidence or their own', async () => {
    const stated = await answering({ labels: ['yes', 0] }, { confidence: 0.8 })
    expect(softmax([...stated.subarray(0, 3)])).toEqual([expect.closeTo(0.1, 6), expect.closeTo(0.1, 6), expect.closeTo(0.8, 6)])
    expect(stated[3]! - stated[4]!).toBeCloseTo(Math.log(8), 5)
    const own = await answering({ labels: ['yes', 'no'], confidence: [0.5, 1] })
    expect(own[2]! - own[0]!).toBeCloseTo(Math.log(2), 5)
    expect(own[3]! - own[4]!).toBeCloseTo(Math.log(1e4), 4)
  })

  it('gives logits whose softmax is the probabilities', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 }), (weights) => {
        const sum = weights.reduce((total, one) => total + one, 0)
        const logits = centredLogs(
          weights.map((weight) => weight / sum),
          1e-4,
        )
        expect(logits.reduce((total, one) => total + one, 0)).toBeCloseTo(0, 9)
        expect(softmax(logits)).toEqual(weights.map((weight) => expect.closeTo(weight / sum, 9)))
      }),
    ))

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /holds no logits, probabilities or labels/],
    ['a word', 'yes', /holds no logits/],
    ['too few answers', { labels: ['yes'] }, /1 answers for 2 texts/],
    ['a short Float32Array', new Float32Array(3), /3 logits for 2 texts of 3 labels/],
    [
      'too few logits',
      {
        logits: [
          [1, 2],
          [1, 2],
        ],
      },
      /for "a": \[1,2\] are not 3 finite logits/,
    ],
    [
      'NaN',
      {
        logits: [
          [1, 2, 3],
          [1, Number.NaN, 3],
        ],
      },
      /for "b": \[1,null,3\]/,
    ],
    [
      'more than 1',
      {
        probabilities: [
          [1.2, 0, 0],
          [1, 0, 0],
        ],
      },
      /1.2 is no probability/,
    ],
    [
      'a sum of 2',
      {
        probabilities: [
          [1, 1, 0],
          [1, 0, 0],
        ],
      },
      /add up to 2, not 1/,
    ],
    ['a strange name', { probabilities: [{ Yes: 1 }, { yes: 1 }] }, /"Yes" is none of no, maybe, yes/],
    ['a strange label', { labels: ['yes', 'sure'] }, /for "b": "sure" is none of no, maybe, yes/],
    ['an index outside', { labels: [3, 0] }, /3 is none of/],
    ['a confidence below chance', { labels: ['yes', 'no'], confidence: [0.9, 0.2] }, /0.2 is no confidence/],
    ['a confidence too few', { labels: ['yes', 'no'], confidence: [0.9] }, /nothing is no confidence/],
  ])('refuses %s', async (_, answers, message) => {
    const error = await failure(() => answering(answers))
    expect([error.kind, error.fix === undefined]).toEqual(['teacher', false])
    expect(error.message).toMatch(message)
  })

  it.each<[string, Partial<FunctionTeacherOptions>]>([
    ['labels', { labels: ['yes'] }],
    ['labels', { labels: ['yes', 'yes'] }],
    ['name', { name: '' }],
    ['answer', { answer: undefined as never }],
    ['floor', { floor: 0 }],
    ['floor', { floor: 0.4 }],
    ['confidence', { confidence: 1 }],
    ['confidence', { confidence: 0.3 }],
  ])('checks %s at once: %o', async (option, change) => {
    const error = await failure(() => functionTeacher({ name: 'a', labels, answer: () => ({ labels: [] }), ...change }))
    expect([error.kind, error.where.option]).toEqual(['option', option])
  })
})
