import type { Example } from '@kd/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedTexts } from './index.ts'

describe('sharedTexts', () => {
  it('counts pairs in either order, texts on either side, and of which parts', () => {
    const train = [
      { text: 'a', pair: 'b' },
      { text: 'c', pair: '' },
    ]
    const dev = [
      { text: 'x', pair: 'y' },
      { text: 'b', pair: 'a' },
      { text: 'z', pair: 'c' },
      { text: '', pair: 'q' },
    ]
    const test = [{ text: 'y', pair: 'p' }]
    expect(sharedTexts({ train, dev, test })).toEqual([
      { parts: ['train', 'dev'], equal: 1, sharing: 2, example: dev[1] },
      { parts: ['dev', 'test'], equal: 0, sharing: 1, example: test[0] },
    ])
  })

  it('single texts', () => {
    expect(sharedTexts({ train: [{ text: 'a', label: 1 }], dev: [{ text: 'b' }, { text: 'a', label: 0 }] })).toEqual([
      { parts: ['train', 'dev'], equal: 1, sharing: 1, example: { text: 'a', label: 0 } },
    ])
    expect(sharedTexts({ train: [{ text: 'a' }], dev: [{ text: 'b' }], test: [] })).toEqual([])
  })

  it('counts what comparing each with each counts', () => {
    const word = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f')
    const examples = fc.array(fc.record({ text: word, pair: word }, { requiredKeys: ['text'] }), { maxLength: 12 })
    fc.assert(
      fc.property(examples, examples, (train: Example[], dev: Example[]) => {
        const texts = ({ text, pair }: Example) => [text, pair].filter((one) => one)
        const same = (a: Example, b: Example) =>
          (a.text === b.text && a.pair === b.pair) || (a.pair !== undefined && a.text === b.pair && a.pair === b.text)
        const equal = dev.filter((one) => train.some((other) => same(one, other)))
        const sharing = dev.filter((one) =>
          train.some((other) => same(one, other) || texts(one).some((text) => texts(other).includes(text))),
        )
        const [found = { equal: 0, sharing: 0 }] = sharedTexts({ train, dev })
        expect([found.equal, found.sharing]).toEqual([equal.length, sharing.length])
      }),
    )
  })
})
