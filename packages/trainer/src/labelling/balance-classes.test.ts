import type { Example } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { argMax } from '@kd/losses/metrics'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balanceClasses } from './balance-classes.ts'
import { labelTransferSet } from './label-transfer-set.ts'

const teacher = fakeTeacher()
const labelledSet = (signs: readonly { sign: string; labelled: boolean }[]) =>
  labelTransferSet(
    signs.map(({ sign, labelled }, index): Example => ({ text: `${index} ${sign}`, ...(labelled && { label: sign === '+' ? 1 : 0 }) })),
    teacher,
  )

const repeated = (count: number, sign: string, labelled: boolean) => Array.from({ length: count }, () => ({ sign, labelled }))

describe('balanceClasses', () => {
  it('leaves out what is too frequent, evenly, and keeps the labelled ones and the rare', async () => {
    const set = await labelTransferSet(
      [
        { text: 'a +', label: 1 },
        { text: 'b -', label: 0 },
        { text: 'c -' },
        { text: 'd -' },
        { text: 'e +' },
        { text: 'f -' },
        { text: 'g -' },
      ],
      teacher,
    )
    const balanced = balanceClasses(set)
    expect([...balanced].map(({ example }) => example.text)).toEqual(['a +', 'b -', 'e +', 'g -'])
    expect([...balanced.logits]).toEqual([...balanced].flatMap(({ logits }) => [...logits]))
    expect(balanced.example(2)).toEqual({ text: 'e +' })
    expect(balanced).toMatchObject({ length: 4, teacher: set.teacher, counts: { ...set.counts, examples: 4 } })
    expect(() => balanced.example(4)).toThrow(/no place/)
    await balanced.close()
    expect(() => balanced.example(0)).toThrow(/closed/)
  })

  it('has the shares of the labelled examples as far as there is enough', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ sign: fc.constantFrom('+', '-'), labelled: fc.boolean() }), { maxLength: 80 }),
        async (more) => {
          const set = await labelledSet([...repeated(2, '+', true), ...repeated(3, '-', true), ...more])
          const balanced = balanceClasses(set)
          const count = (of: typeof set, sign: string, labelled?: boolean) =>
            [...of].filter(
              ({ example }) => example.text.endsWith(sign) && (labelled === undefined || (example.label !== undefined) === labelled),
            ).length
          const share = count(set, '+', true) / (count(set, '+', true) + count(set, '-', true))
          for (const sign of ['+', '-']) expect(count(balanced, sign, true)).toBe(count(set, sign, true))
          expect(Math.abs(count(balanced, '+') - share * balanced.length)).toBeLessThanOrEqual(1)
          expect(['+', '-'].some((sign) => count(balanced, sign) === count(set, sign))).toBe(true)
          expect([...balanced.logits]).toHaveLength(2 * balanced.length)
          expect(argMax(balanced.logits, 2)).toHaveLength(balanced.length)
        },
      ),
      { numRuns: 40 },
    ))

  it('repeats what is too rare in turn, behind all that stays as it is', async () => {
    const texts = [
      { text: 'a +', label: 1 },
      { text: 'b -', label: 0 },
      { text: 'c +' },
      ...['d', 'e', 'f', 'g'].map((name) => ({ text: `${name} -` })),
      { text: 'h +' },
    ]
    const balanced = balanceClasses(await labelTransferSet(texts, teacher), { by: 'repeating' })
    expect([...balanced].map(({ example }) => example.text)).toEqual(['a +', 'b -', 'd -', 'e -', 'f -', 'g -', 'c +', 'h +', 'c +', 'h +'])
    expect([...balanced.logits]).toEqual([...balanced].flatMap(({ logits }) => [...logits]))
  })

  it('makes all classes equally frequent where that is wanted', async () => {
    const set = await labelledSet([
      ...repeated(1, '+', true),
      ...repeated(3, '-', true),
      ...repeated(2, '+', false),
      ...repeated(5, '-', false),
    ])
    const signs = (by: 'repeating' | 'dropping') =>
      [...balanceClasses(set, { by, to: 'equal' })].map(({ example }) => example.text.at(-1)!).sort()
    expect(signs('repeating')).toEqual([...Array(8).fill('+'), ...Array(8).fill('-')])
    // Labelled ones are never left out.
    expect(signs('dropping')).toEqual([...Array(3).fill('+'), ...Array(3).fill('-')])
  })

  it('keeps all and has the shares of the labelled examples by repeating', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ sign: fc.constantFrom('+', '-'), labelled: fc.boolean() }), { maxLength: 80 }),
        async (more) => {
          const set = await labelledSet([
            ...repeated(2, '+', true),
            ...repeated(3, '-', true),
            ...repeated(1, '+', false),
            ...repeated(1, '-', false),
            ...more,
          ])
          const balanced = balanceClasses(set, { by: 'repeating' })
          const texts = [...balanced].map(({ example }) => example.text)
          const count = (of: readonly { text: string; label?: number }[], sign: string) =>
            of.filter(({ text }) => text.endsWith(sign)).length
          const golds = [...set].flatMap(({ example }) => (example.label === undefined ? [] : example))
          expect(
            Math.abs(
              count(
                [...balanced].map(({ example }) => example),
                '+',
              ) -
                (count(golds, '+') / golds.length) * texts.length,
            ),
          ).toBeLessThanOrEqual(1)
          expect(new Set(texts).size).toBe(set.length)
          for (const { text } of golds) expect(texts.filter((other) => other === text)).toHaveLength(1)
        },
      ),
      { numRuns: 40 },
    ))

  it('needs a labelled example, and classes', async () => {
    const set = await labelTransferSet([{ text: 'a +' }], teacher)
    expect(() => balanceClasses(set)).toThrow(/none of the 1 examples/)
    expect(() => balanceClasses({ ...set, labels: ['score'] })).toThrow(/scores/)
    expect(() => balanceClasses(set, { by: 'weights' as never })).toThrow(/neither dropping nor repeating/)
    expect(() => balanceClasses(set, { to: 'half' as never })).toThrow(/neither labelled nor equal/)
  })
})
