import { readFileSync } from 'node:fs'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokenizerJson } from './tokenizer-json.ts'
import { Vocabulary } from './vocabulary.ts'

const golden: { text: string }[] = JSON.parse(readFileSync(new URL('../fixtures/tokenizer.json', import.meta.url), 'utf8'))
const texts = golden.map(({ text }) => text)
const vocabulary = Vocabulary.build(texts.slice(0, -5))
const theirs = new Tokenizer(JSON.parse(JSON.stringify(tokenizerJson(vocabulary))), {})

test.each(texts)("Hugging Face's tokenizers give the same ids for %j", (text) => {
  const ids = theirs.encode(text, { add_special_tokens: false }).ids
  expect(ids.length === 0 ? [1] : ids).toEqual([...vocabulary.ids(text)])
})

test('and for texts made of what the rules look at', () => {
  const pieces = [..." '\"`.-n'tsdlre5,:()’“—…İΣ\u0301\u200d", "n't", "'s", '[MASK]', 'mr.', '...', '🙂', '東', 'film', ' warm ']
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...pieces) }), (text) => {
      const ids = theirs.encode(text, { add_special_tokens: false }).ids
      expect(ids.length === 0 ? [1] : ids).toEqual([...vocabulary.ids(text)])
    }),
    { numRuns: 500 },
  )
})
