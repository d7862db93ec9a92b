import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byRules, tokenize } from './tokenize.ts'

const golden: { text: string; words: string[] }[] = JSON.parse(readFileSync(new URL('../fixtures/tokenizer.json', import.meta.url), 'utf8'))

test.each(golden)('golden words of $text', ({ text, words }) => {
  expect(tokenize(text)).toEqual(words)
})

test.each([
  ["it's", "it 's"],
  ["don't", "do n't"],
  ["can't", "ca n't"],
  ["I'll", "i 'll"],
  ["we've they're I'm he'd", "we 've they 're i 'm he 'd"],
  ["the dogs' owner", "the dogs ' owner"],
  ["o'clock", "o'clock"],
  ['a well-made film.', 'a well - made film .'],
  ['a "fine" film', "a `` fine '' film"],
  ['10,000 people, 3.5 stars', '10,000 people , 3.5 stars'],
])('%s is %s, which stays as it is', (text, glue) => {
  expect(tokenize(text).join(' ')).toBe(glue)
  expect(tokenize(glue).join(' ')).toBe(glue)
})

const pieces = [..."'\"`.-n'tsmdlrve 5,:[]()’“—…İΣς\u0301\u200d\ud800", "n't", "'s", '[MASK]', 'mr.', '...', '🙂', '👩', '東', '🇨', 'u.']
const text = fc.string({ unit: fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 1 })) })

test('words joined by spaces give the same words again', () => {
  fc.assert(
    fc.property(text, (text) => {
      expect(tokenize(tokenize(text).join(' '))).toEqual(tokenize(text))
    }),
    { numRuns: 5000 },
  )
})

test('a word is never empty, holds no white space, survives UTF-8, and is in lower case unless it is [MASK]', () => {
  fc.assert(
    fc.property(text, (text) => {
      for (const word of tokenize(text)) {
        expect(word).toMatch(/^\S+$/)
        expect(new TextDecoder().decode(new TextEncoder().encode(word))).toBe(word)
        if (word !== '[MASK]') expect(word.toLowerCase().replaceAll('ς', 'σ')).toBe(word)
      }
    }),
    { numRuns: 2000 },
  )
})

test('every white space of Unicode parts words', () => {
  const spaces =
    '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
  for (const space of spaces) expect(tokenize(`a${space}b`)).toEqual(['a', 'b'])
})

test('nothing that is written is lost: letters and digits come out in order', () => {
  const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ019 .,-\'"!?()') })
  const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  fc.assert(
    fc.property(ascii, (text) => {
      expect(letters(tokenize(text).join(''))).toBe(letters(text))
    }),
  )
})

test('a word of 100,000 characters takes linear time', () => {
  const start = performance.now()
  for (const part of ['a', "a'", "n't", 'a-', '.', '1.', "'s", 'u.']) tokenize(part.repeat(100_000))
  expect(performance.now() - start).toBeLessThan(5000)
})

test('what is known at once is what the rules give', () => {
  const piece = fc.constantFrom(..."azAZ019.,!?;:-'")
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: piece }), fc.string({ unit: 'grapheme-ascii' })), (text) => {
      expect(tokenize(text)).toEqual(text.split(' ').flatMap((run) => (run === '' ? [] : byRules(run))))
    }),
    { numRuns: 2000 },
  )
})

test('reads no further than it is told', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(9), (text, atMost) => {
      expect(tokenize(text, atMost)).toEqual(tokenize(text).slice(0, atMost))
    }),
  )
})
