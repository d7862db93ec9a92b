import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { tokenizerFromVocabulary } from './from-vocabulary.ts'
import { BertTokenizer } from './tokenizer.ts'

interface Fixture {
  texts: { text: string; ids: number[] }[]
  pairs: { a: string; b: string; input_ids: number[]; token_type_ids: number[] }[]
}

let json: { model: { vocab: Record<string, number> }; normalizer: object; added_tokens: object[] }
let fixture: Fixture
let tokenizer: BertTokenizer

beforeAll(async () => {
  const read = async (path: string) => JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'))
  json = await read('../../../../models/teacher-sst2/tokenizer.json')
  fixture = await read('../../fixtures/tokenizer.json')
  tokenizer = new BertTokenizer(json)
})

const vocabularyText = () => {
  const lines: string[] = []
  for (const [token, id] of Object.entries(json.model.vocab)) lines[id] = token
  return `${lines.join('\n')}\n`
}

describe('BertTokenizer', () => {
  it.each(['tokenizer.json', 'vocab.txt'])("gives Python's ids, from %s", (source) => {
    const made = source === 'vocab.txt' ? new BertTokenizer(tokenizerFromVocabulary(vocabularyText())) : tokenizer
    for (const { text, ids } of fixture.texts) expect([...made.encode({ text }, 512).ids], text).toEqual(ids)
    for (const { a, b, input_ids, token_type_ids } of fixture.pairs) {
      const { ids, types } = made.encode({ text: a, pair: b }, 16)
      expect([...ids], `${a} / ${b}`).toEqual(input_ids)
      expect([...types], `${a} / ${b}`).toEqual(token_type_ids)
    }
    expect(made.vocabularySize).toBe(30_522)
  })

  it('encodes word by word as it encodes whole texts', () => {
    // A token with a space in it makes whole texts be looked at.
    const spaced = { id: 30_522, content: 'never seen', special: true, normalized: false }
    const whole = new BertTokenizer({ ...json, added_tokens: [...json.added_tokens, spaced] })
    const characters = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        ' ',
        '  ',
        '\t',
        '\n',
        '\u00a0',
        '\u3000',
        '\ufeff',
        "don't",
        '[MASK]',
        'x[SEP]y',
        '中文',
        'Σίσυφος',
        'e\u0301',
        '\u0000',
        '👩‍👩‍👧',
      ),
    )
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 8 }), (parts) => {
        const text = parts.join('')
        expect(tokenizer.pieces(text)).toEqual(whole.pieces(text))
      }),
      { numRuns: 500 },
    )
  })

  it('cuts the longer text of a pair first, and never exceeds the maximum', () => {
    const words = (count: number) => Array(count).fill('film').join(' ')
    const kept = (a: number, b: number, maxLength: number) => {
      const { ids, types } = tokenizer.encode({ text: words(a), pair: words(b) }, maxLength)
      const second = types.reduce((sum, type) => sum + type, 0) - 1
      return [ids.length - 3 - second, second]
    }
    expect(kept(2, 3, 16)).toEqual([2, 3])
    expect(kept(20, 3, 13)).toEqual([7, 3])
    expect(kept(3, 20, 13)).toEqual([3, 7])
    expect(kept(20, 20, 13)).toEqual([5, 5])
    expect(kept(20, 20, 14)).toEqual([5, 6])
    expect(tokenizer.encode({ text: words(100_000) }, 128).ids).toHaveLength(128)
  })

  it('encodes empty and control-character texts as special tokens alone', () => {
    for (const text of ['', '   ', '\u0000\u0007\u001b']) expect([...tokenizer.encode({ text }, 128).ids]).toEqual([101, 102])
    expect([...tokenizer.encode({ text: '', pair: '' }, 128).types]).toEqual([0, 0, 1])
  })

  it.each([
    ['nothing', {}],
    ['another file', { model_type: 'bert' }],
    ['a tokeniser cut short', { model: { type: 'WordPiece' }, normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null }],
    ['null', null],
  ])('refuses %s', (_, file) => {
    expect(() => new BertTokenizer(file)).toThrow(expect.objectContaining({ kind: 'format', where: { file: 'tokenizer.json' } }))
  })

  it('refuses a vocab.txt without special tokens', () => {
    expect(() => tokenizerFromVocabulary('the\na\n')).toThrow(/its 2 tokens lack \[CLS\].*vocab\.txt/)
  })
})
