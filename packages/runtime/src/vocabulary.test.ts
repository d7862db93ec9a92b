import { KdError } from '@kd/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskId, paddingId, unknownId, Vocabulary } from './vocabulary.ts'

test('special words come first, then words by frequency, equally frequent ones as they came', () => {
  const { words } = Vocabulary.build(['the cat saw [MASK]', 'the dog saw the bird'])
  expect(words.slice(0, 8)).toEqual(['[PAD]', '[UNK]', '[MASK]', 'the', 'saw', 'cat', 'dog', 'bird'])
})

test('size counts the special words, minimumCount drops rare ones', () => {
  expect(Vocabulary.build(['a b c a b a'], { size: 5 }).words.slice(3)).toEqual(['a', 'b'])
  expect(Vocabulary.build(['a b c a b a'], { minimumCount: 2 }).words.slice(3)).toEqual(['a', 'b'])
})

const shared = ['warm warmer warmest warmly', 'cold colder coldest coldly', 'soft softer softest softly', 'the '.repeat(5000)]

test('pieces that stand in many words spell those that are rare or come only later', () => {
  const vocabulary = Vocabulary.build(shared, { size: 60, pieces: 40 })
  const spell = (text: string) => [...vocabulary.ids(text)].map((id) => vocabulary.words[id])
  expect(vocabulary.words).toEqual(expect.arrayContaining(['the', 'warm', '##er', '##est', '##ly']))
  expect(spell('Warmly the cress')).toEqual(['warm', '##ly', 'the', 'c', '##r', '##es', '##s'])
  expect(spell('softerest')).toEqual(['soft', '##er', '##est'])
  expect(spell('東京 the')).toEqual(['[UNK]', '[UNK]', 'the'])
  expect([...vocabulary.ids('softerest', 2)]).toHaveLength(2)
  expect(spell(`the ${'warm'.repeat(26)}`)).toEqual(['the', '[UNK]'])
})

test('pieces: 0 leaves words whole or unknown', () => {
  const vocabulary = Vocabulary.build(shared, { size: 60, pieces: 0 })
  expect(vocabulary.words).not.toContain('##er')
  expect([...vocabulary.ids('softly softerest')]).toEqual([vocabulary.id('softly'), unknownId])
})

test('any word of the letters seen has ids, and its pieces make up the word', () => {
  const vocabulary = Vocabulary.build(shared)
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'warmestcoldfy'), minLength: 1, maxLength: 40 }), (word) => {
      const spelled = [...vocabulary.ids(word)].map((id) => vocabulary.words[id]!.replace('##', ''))
      if (!spelled.includes('[UNK]')) expect(spelled.join('')).toBe(word)
    }),
  )
})

test('ids: unknown words, [MASK], the cut, and a text without words', () => {
  const vocabulary = Vocabulary.build(["it's fine"])
  expect([...vocabulary.ids("It's [MASK] odd")]).toEqual([3, 4, maskId, unknownId])
  expect([...vocabulary.ids('fine fine fine', 2)]).toEqual([5, 5])
  expect([...vocabulary.ids(' ')]).toEqual([unknownId])
})

test('no text gets the id of padding, and each id is a word', () => {
  const vocabulary = Vocabulary.build(['[PAD] [UNK] a b c'])
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('[PAD]', '[UNK]', '[MASK]', 'a', ' ', '-', '\u0000') }), (text) => {
      const ids = [...vocabulary.ids(text)]
      expect(ids).not.toContain(paddingId)
      expect(Math.max(...ids)).toBeLessThan(vocabulary.size)
    }),
  )
})

test('text form comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const vocabulary = Vocabulary.build(texts)
      expect(Vocabulary.fromText(vocabulary.toText()).words).toEqual(vocabulary.words)
    }),
  )
})

test.each([
  ['', 1, /the end.*\[PAD\]/],
  ['[PAD]\n[MASK]\n[UNK]\n', 2, /\[UNK\] belongs/],
  ['[PAD]\n[UNK]\n[MASK]\na\n\nb\n', 5, /not one word/],
  ['[PAD]\n[UNK]\n[MASK]\nfil', 4, /was cut/],
  ['[PAD]\n[UNK]\n[MASK]\na b\n', 4, /not one word/],
  ['[PAD]\n[UNK]\n[MASK]\na\nb\na\n', 6, /twice/],
])('refuses %j', (text, line, message) => {
  const read = () => Vocabulary.fromText(text, 'folder/vocabulary.txt')
  expect(read).toThrow(KdError)
  expect(read).toThrow(message)
  expect(read).toThrow(`folder/vocabulary.txt:${line}`)
})

test.each([
  ['size', { size: 3 }],
  ['size', { size: 10.5 }],
  ['minimumCount', { minimumCount: 0 }],
  ['pieces', { pieces: -1 }],
])('refuses the option %s', (option, options) => {
  expect(() => Vocabulary.build([], options)).toThrow(expect.objectContaining({ kind: 'option', where: { option } }))
})
