import fc from 'fast-check'
import { expect, test } from 'vitest'
import { specialWords, unknownId } from '../word-list.ts'
import { wasmModule } from './engine.ts'
import { wordsOf } from './words.ts'

const engines = [
  ['wasm', wasmModule(undefined)],
  ['javascript', undefined],
] as const

const bytesOf = (words: readonly string[], end = '\n') => new TextEncoder().encode(words.join('\n') + end)
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '東', '😀', "'"), minLength: 1, maxLength: 12 })

test.each(engines)('%s: each word has its place for an id, others have none', (_, module) => {
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 300 }), fc.array(word), (given, others) => {
      const words = [...specialWords, ...given]
      const list = wordsOf(bytesOf(words), words.length, 'a file', module)
      for (let round = 0; round < 2; round++) expect(words.map((word) => list.id(word))).toEqual([...words.keys()])
      for (const other of others) expect(list.id(other)).toBe(words.includes(other) ? words.indexOf(other) : unknownId)
      expect(list.id('a'.repeat(100_000))).toBe(unknownId)
      expect(list.id('')).toBe(unknownId)
    }),
  )
})

test.each(engines)('%s: refuses what are not so many different words', (_, module) => {
  const words = [...specialWords, 'film', 'films', '東京', 'a long word of many letters'.replaceAll(' ', '-')]
  const wrong: Record<string, Uint8Array> = {
    twice: bytesOf([...words.slice(0, -1), 'film']),
    'one empty': bytesOf([...words.slice(0, -1), '']),
    'one too many': bytesOf([...words, 'more']),
    'one too few': bytesOf(words.slice(0, -1)),
    'cut in a word': bytesOf(words, ''),
    'white space': bytesOf([...words.slice(0, -1), 'two words']),
    'other special words': bytesOf(['[PAD]', '[MASK]', '[UNK]', ...words.slice(3)]),
    nothing: new Uint8Array(0),
  }
  const where = { file: 'a file', tensor: 'vocabulary' }
  for (const [name, lines] of Object.entries(wrong)) {
    const refused = expect(() => wordsOf(lines, words.length, 'a file', module), name)
    refused.toThrow(expect.objectContaining({ kind: 'mismatch', where: expect.objectContaining(where) }))
  }
  expect(() => wordsOf(Uint8Array.of(0xff), 1, 'a file', module)).toThrow(expect.objectContaining({ kind: 'format' }))
})
