import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accuracy, argMax, f1, mcc, metric, pearson, perClass, spearman } from './metrics.ts'

const actual = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
const predicted = [1, 1, 1, 0, 1, 0, 0, 0, 0, 0] // 3 true positives, 1 false negative, 1 false positive, 5 true negatives

describe('worked out by hand', () => {
  it('accuracy', () => expect(accuracy(predicted, actual)).toBe(0.8))
  it('F1 = 2 TP / (2 TP + FP + FN)', () => expect(f1(predicted, actual)).toBe(6 / 8))
  it('F1 of the other class', () => expect(f1(predicted, actual, { positive: 0 })).toBe(10 / 12))
  it('each class: precision, recall and F1 of a confusion table', () => {
    // Class 2 is never there, and taken for class 0 once.
    const figures = perClass([0, 0, 1, 2, 1, 1], [0, 0, 1, 0, 0, 1], 3)
    expect(figures).toEqual([
      { examples: 4, precision: 1, recall: 1 / 2, f1: 4 / 6 },
      { examples: 2, precision: 2 / 3, recall: 1, f1: 4 / 5 },
      { examples: 0, precision: 0, recall: 0, f1: 0 },
    ])
    expect(perClass(predicted, actual, 2)[1]!.f1).toBe(f1(predicted, actual))
  })
  it('macro F1', () => expect(f1(predicted, actual, { positive: 'macro' })).toBeCloseTo((6 / 8 + 10 / 12) / 2, 12))
  it('MCC = (TP TN - FP FN) / sqrt(...)', () => expect(mcc(predicted, actual)).toBeCloseTo((15 - 1) / Math.sqrt(4 * 4 * 6 * 6), 12))
  it('MCC of three classes', () => {
    // confusion matrix rows (true) [2 0 0], [0 1 1], [0 0 1]; R_K = (4*5 - 9) / sqrt((25 - 9) * (25 - 9))
    expect(mcc([0, 0, 1, 2, 2], [0, 0, 1, 1, 2])).toBeCloseTo((4 * 5 - (2 * 2 + 1 * 2 + 2 * 1)) / Math.sqrt((25 - 9) * (25 - 9)), 12)
  })
  it('Pearson', () => expect(pearson([1, 2, 3, 4], [2, 4, 6, 9])).toBeCloseTo(11.5 / Math.sqrt(5 * 26.75), 12))
  it('Spearman with ties', () => {
    // ranks [1, 2.5, 2.5, 4] and [1, 2, 3, 4]
    expect(spearman([10, 20, 20, 30], [1, 2, 3, 400])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12)
  })
  it('arg-max takes the first of equal logits', () => expect([...argMax([1, 3, 2, 5, 5, 0, -1, -3, -2], 3)]).toEqual([1, 0, 0]))
})

describe('properties', () => {
  const classes = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 50 })
  it('a perfect answer scores 1', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1 }), (labels) => {
        const mixed = [...labels, 0, 1]
        for (const name of ['accuracy', 'f1', 'mcc', 'pearson', 'spearman'] as const) expect(metric(name)(mixed, mixed)).toBeCloseTo(1, 9)
      }),
    )
  })
  it('stays in range, and MCC and F1 (macro) do not depend on the order of examples', () => {
    fc.assert(
      fc.property(classes, (pairs) => {
        const [p, a] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)]
        expect(Math.abs(mcc(p, a))).toBeLessThanOrEqual(1 + 1e-12)
        for (const value of [accuracy(p, a), f1(p, a), f1(p, a, { positive: 'macro' })]) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
        expect(mcc([...p].reverse(), [...a].reverse())).toBeCloseTo(mcc(p, a), 9)
      }),
    )
  })
  it('Spearman depends on the order of scores alone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), { minLength: 3 }), (pairs) => {
        const [p, a] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)]
        const grown = p.map((value) => value ** 3 + value)
        const before = spearman(p, a)
        if (Number.isNaN(before)) expect(spearman(grown, a)).toBeNaN()
        else expect(spearman(grown, a)).toBeCloseTo(before, 9)
      }),
    )
  })
})

describe('bad input', () => {
  it.each([
    ['lengths', () => accuracy([1], [1, 0]), /1 predictions.*2 labels/],
    ['nothing', () => f1([], []), /no example/],
    ['an unknown name', () => metric('f2' as 'f1'), /"f2".*accuracy, f1/],
    ['NaN', () => argMax([0, Number.NaN], 2), /row 0.*NaN/],
    ['half a row', () => argMax([0, 1, 2], 2), /3 logits.*2 classes/],
  ])('%s', (_, act, message) => expect(act).toThrow(message))
  it('one class only: F1 and MCC are 0, correlations NaN', () => {
    expect([f1([0, 0], [0, 0]), mcc([0, 0], [0, 1])]).toEqual([0, 0])
    expect([pearson([1, 1], [0, 1]), spearman([1, 1], [0, 1])]).toEqual([Number.NaN, Number.NaN])
  })
})
