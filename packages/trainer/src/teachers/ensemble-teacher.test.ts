import { KdError, type Teacher } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { describe, expect, it } from 'vitest'
import { ensembleTeacher } from './ensemble-teacher.ts'

const fixed = (name: string, logits: readonly number[], labels = ['no', 'yes'], fingerprint?: string): Teacher => ({
  ...fakeTeacher({ name, labels, logitsOf: () => logits }),
  fingerprint,
})
const one = [{ text: 'a' }]

function failure(work: () => unknown): KdError {
  try {
    work()
  } catch (error) {
    if (KdError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('ensembleTeacher', () => {
  it('means of logits, weighted', async () => {
    const [a, b] = [fixed('a', [-3, 3]), fixed('b', [1, -1])]
    expect([...(await ensembleTeacher([a, b]).logits(one))]).toEqual([-1, 1])
    expect([...(await ensembleTeacher([a, b], { weights: [3, 1] }).logits(one))]).toEqual([-2, 2])
    expect([...(await ensembleTeacher([a, b], { weights: [0, 2] }).logits(one))]).toEqual([1, -1])
  })

  it('means of probabilities, as centred logarithms', async () => {
    const [a, b] = [fixed('a', [0, Math.log(3)]), fixed('b', [0, 0])]
    const [no, yes] = await ensembleTeacher([a, b], { mean: 'probabilities' }).logits([{ text: 'a' }, { text: 'b' }])
    expect(no! + yes!).toBeCloseTo(0, 6)
    expect(yes! - no!).toBeCloseTo(Math.log(0.625 / 0.375), 6)
    const sure = await ensembleTeacher([fixed('a', [-500, 500]), fixed('b', [-500, 500])], { mean: 'probabilities' }).logits(one)
    expect([...sure]).toEqual([-50, 50])
  })

  it('puts the columns of all in the order of the first', async () => {
    const [a, b] = [fixed('a', [0, 4]), fixed('b', [2, 0], ['good', 'bad'])]
    const both = ensembleTeacher([a, b], { labelMaps: [undefined, { no: 'bad', yes: 'good' }] })
    expect([both.labels, ...(await both.logits(one))]).toEqual([['no', 'yes'], 0, 3])
  })

  it('has a fingerprint that follows from its members, weights and mean', () => {
    const [a, b, newer] = [fixed('a', [0, 1], undefined, 'a@1'), fixed('b', [0, 1]), fixed('a', [0, 1], undefined, 'a@2')]
    const prints = [
      ensembleTeacher([a, b]),
      ensembleTeacher([newer, b]),
      ensembleTeacher([a, b], { weights: [2, 1] }),
      ensembleTeacher([a, b], { mean: 'probabilities' }),
    ].map(({ fingerprint }) => fingerprint)
    expect(new Set(prints).size).toBe(4)
    expect(ensembleTeacher([a, b], { weights: [2, 2] }).fingerprint).toBe(prints[0])
    expect(ensembleTeacher([a, b]).name).toBe('a + b')
  })

  it('takes as many calls at a time as each of its members', () => {
    const [one, two, three] = [fixed('a', [0, 1]), { ...fixed('b', [0, 1]), atOnce: 2 }, { ...fixed('c', [0, 1]), atOnce: 3 }]
    expect(
      [
        [three, two],
        [one, two],
      ].map((members) => ensembleTeacher(members).atOnce),
    ).toEqual([2, 1])
  })

  it('is as long as its longest member says, or has no lengths', () => {
    const long: Teacher = { ...fixed('a', [0, 1]), lengths: (examples) => examples.map(() => 7) }
    expect(Array.from(ensembleTeacher([long, fixed('b', [0, 1])]).lengths!([{ text: 'abc' }]))).toEqual([7])
    const without: Teacher = { name: 'c', labels: ['no', 'yes'], logits: fixed('c', [0, 1]).logits }
    expect(ensembleTeacher([without]).lengths).toBeUndefined()
  })

  it.each<[string, () => unknown, KdError['kind'], RegExp]>([
    ['nobody', () => ensembleTeacher([]), 'option', /no teacher/],
    ['another mean', () => ensembleTeacher([fixed('a', [0, 1])], { mean: 'median' as never }), 'option', /none of logits, probabilities/],
    [
      'a weight too few',
      () => ensembleTeacher([fixed('a', [0, 1]), fixed('b', [0, 1])], { weights: [1] }),
      'option',
      /\[1\] are not 2 numbers/,
    ],
    ['weights of nothing', () => ensembleTeacher([fixed('a', [0, 1])], { weights: [0] }), 'option', /one above 0/],
    [
      'other labels',
      () => ensembleTeacher([fixed('a', [0, 1]), fixed('b', [0, 1], ['bad', 'good'])]),
      'mismatch',
      /the ensemble's labels are no, yes and teacher b's are bad, good/,
    ],
    ['another order', () => ensembleTeacher([fixed('a', [0, 1]), fixed('b', [0, 1], ['yes', 'no'])]), 'mismatch', /labelMap/],
  ])('refuses %s', (_, work, kind, message) => {
    const error = failure(work)
    expect([error.kind, error.message]).toEqual([kind, expect.stringMatching(message)])
  })

  it('says which member fails', async () => {
    const broken = fixed('broken', [Number.NaN, 1])
    await expect(ensembleTeacher([fixed('a', [0, 1]), broken]).logits(one)).rejects.toThrow(/broken gave the logit NaN/)
  })
})
