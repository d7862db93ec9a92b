import { KdError } from '@kd/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { augment, type TaggedWords, winkTagger } from './index.ts'

afterEach(() => {
  vi.doUnmock('wink-nlp')
  vi.resetModules()
})

describe('winkTagger', () => {
  it('splits off punctuation and clitics and tags by universal parts of speech', async () => {
    const tagger = await winkTagger()
    expect(tagger("It isn't a  warm film!")).toEqual({
      words: ['It', 'is', "n't", 'a', 'warm', 'film', '!'],
      tags: ['PRON', 'AUX', 'PART', 'DET', 'ADJ', 'NOUN', 'PUNCT'],
    })
  })

  it('never splits what is one character to the eye', async () => {
    const tagger = await winkTagger()
    const { words } = tagger('a 👩‍👩‍👧‍👦! cafe\u0301 🇨🇭👍🏽') as TaggedWords
    expect(words).toEqual(['a', '👩‍👩‍👧‍👦', '!', 'cafe\u0301', '🇨🇭', '👍🏽'])
  })

  it('gives the words of any text in their place, white space between them', async () => {
    const tagger = await winkTagger()
    const some = fc.string({
      unit: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 3 }),
        fc.constantFrom(' ', '\t', '\n', "n't", 'http://', '@', '#', '🙂', '\u200d', 'word', '.', '1'),
      ),
      maxLength: 20,
    })
    fc.assert(
      fc.property(some, (text) => {
        const { words, tags } = tagger(text) as TaggedWords
        expect(tags.length).toBe(words.length)
        let rest = ''
        let end = 0
        for (const word of words) {
          const start = text.indexOf(word, end)
          expect(start).toBeGreaterThanOrEqual(end)
          rest += text.slice(end, start)
          end = start + word.length
        }
        expect((rest + text.slice(end)).trim()).toBe('')
      }),
      { numRuns: 300 },
    )
  })

  it('is the default, and the error where it is absent holds the command that installs it', async () => {
    vi.doMock('wink-nlp', () => {
      throw new Error('Cannot find package')
    })
    const error = await augment([{ text: 'a film' }], { seed: 1 })
      .next()
      .catch((thrown) => thrown)
    expect(KdError.isInstance(error, 'missing')).toBe(true)
    expect(error.message).toMatch(/option tagger.*npm install wink-nlp wink-eng-lite-web-model/)
  })
})
