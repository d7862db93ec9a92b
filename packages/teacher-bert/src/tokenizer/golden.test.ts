import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { digest, strings } from '../../test/strings.ts'
import { byteLevelTokenizer } from './from-merges.ts'
import { tokenizerFromVocabulary } from './from-vocabulary.ts'
import { BertTokenizer } from './tokenizer.ts'

interface Golden {
  seed: number
  count: number
  digests: Record<string, string>
}

const read = async (path: string) => JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'))
const family = async (name: string) => new BertTokenizer(await read(`../../fixtures/families/${name}/tokenizer.json`))

const bert = async (changes: object) => {
  const json = await read('../../../../models/teacher-sst2/tokenizer.json')
  return { ...json, normalizer: { ...json.normalizer, ...changes } }
}
const vocabularyText = (json: { model: { vocab: Record<string, number> } }) => {
  const lines: string[] = []
  for (const [token, id] of Object.entries(json.model.vocab)) lines[id] = token
  return `${lines.join('\n')}\n`
}

const made: Record<string, () => Promise<BertTokenizer>> = {
  uncased: async () => new BertTokenizer(await bert({})),
  cased: async () => new BertTokenizer(await bert({ lowercase: false, strip_accents: null })),
  'uncased of vocab.txt': async () => new BertTokenizer(tokenizerFromVocabulary(vocabularyText(await bert({})))),
  'cased of vocab.txt': async () => new BertTokenizer(tokenizerFromVocabulary(vocabularyText(await bert({})), { do_lower_case: false })),
  'bert-cased': () => family('bert-cased'),
  distilbert: () => family('distilbert'),
  electra: () => family('electra'),
  mpnet: () => family('mpnet'),
  'mpnet of vocab.txt': async () => {
    const settings = await read('../../fixtures/families/mpnet/tokenizer_config.json')
    const text = vocabularyText(await read('../../fixtures/families/mpnet/tokenizer.json'))
    return new BertTokenizer(tokenizerFromVocabulary(text, settings), settings)
  },
  roberta: () => family('roberta'),
  'roberta of vocab.json and merges.txt': async () => {
    const { model } = await read('../../fixtures/families/roberta/tokenizer.json')
    const merges = ['#version: 0.2', ...model.merges.map((pair: string[]) => pair.join(' '))].join('\n')
    return new BertTokenizer(byteLevelTokenizer(model.vocab, merges))
  },
  'xlm-roberta': () => family('xlm-roberta'),
  albert: () => family('albert'),
}

it.each(Object.keys(made))("%s: Python's ids of 2,000 texts in all scripts", async (name) => {
  const { seed, count, digests }: Golden = await read('../../fixtures/tokenizers-golden.json')
  const wanted = digests[name.split(' ')[0]!]!
  const tokenizer = await made[name]!()
  const different = strings(seed, count).filter((text, i) => digest(tokenizer.encode({ text }, 1e6).ids) !== wanted.slice(8 * i, 8 * i + 8))
  expect(different).toEqual([])
})

it("MPNet's vocab.txt surrounds a pair as its tokenizer.json does", async () => {
  const [file, vocabulary] = [await made.mpnet!(), await made['mpnet of vocab.txt']!()]
  for (const example of [{ text: 'so good', pair: 'a [MASK] film' }, { text: 'so good' }]) {
    expect(vocabulary.encode(example, 64)).toEqual(file.encode(example, 64))
  }
})

it('meets half of a surrogate pair without trouble', async () => {
  for (const name of Object.keys(made)) {
    const tokenizer = await made[name]!()
    for (const text of ['\ud83d', 'a\udc4db', '\udc4d\ud83d']) expect(tokenizer.encode({ text }, 64).ids.length).toBeGreaterThan(1)
  }
})

it.each([
  [{}, /its 0 tokens lack <s>/],
  [null, /its 0 tokens lack/],
  [{ '<s>': 0, '<pad>': 1, '</s>': 2, '<unk>': 3 }, /its 4 tokens lack <mask>/],
])('refuses a vocab.json like %j', (vocab, message) => {
  expect(() => byteLevelTokenizer(vocab, '')).toThrow(message)
})
