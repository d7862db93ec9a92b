import fc from 'fast-check'
import { expect, it } from 'vitest'
import { graphemes } from './graphemes.ts'

const whole = (text: string) => [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment)
const parts = fc.constantFrom(
  'a',
  ' ',
  'e\u0301',
  '\u0301',
  '🇩',
  '👩‍👩‍👧',
  '\r',
  '\n',
  '\r\n',
  '각',
  'ᄀ',
  'ᅡ',
  '\u0600',
  'क्',
  'ष',
  '\ud83d',
  '中',
  '中\u{e0100}',
)

it('cuts where Intl.Segmenter cuts', () => {
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 30 }), fc.integer({ min: 0, max: 1200 }), (list, filler) => {
      const text = '中\u{e0100}'.repeat(filler % 3 ? 0 : filler) + list.join('') + '🇩'.repeat(filler % 7 ? 0 : filler) + list.join('')
      expect([...graphemes(text)]).toEqual(whole(text))
    }),
    { numRuns: 200 },
  )
})

it('takes a cluster longer than it looks at once', () => {
  const long = `a${'\u0301'.repeat(3000)}`
  expect([...graphemes(`中${long}中`)]).toEqual(['中', long, '中'])
})
