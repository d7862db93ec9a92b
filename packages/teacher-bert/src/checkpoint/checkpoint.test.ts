import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type KdError, type KdErrorKind, readSafetensors, type TensorToWrite, toFloat32, writeSafetensors } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { inFolder, tinyFiles, tinyTensors, tinyVocabulary, tinyWeights } from '../../test/tiny-model.ts'
import { BertTeacher } from '../teacher.ts'

type Files = Record<string, string | Uint8Array>
type Tensors = Record<string, TensorToWrite>

const fixture = (path: string) => readFile(fileURLToPath(new URL(`../../fixtures/families/${path}`, import.meta.url)))
const familyFiles = async (family: string): Promise<Files> => ({
  'config.json': await fixture(`${family}/config.json`),
  'tokenizer.json': await fixture(`${family}/tokenizer.json`),
  'tokenizer_config.json': await fixture(`${family}/tokenizer_config.json`),
  'model.safetensors': await fixture(`${family}/model.safetensors`),
})
const tensorsOf = async (family: string): Promise<Tensors> => {
  const { tensors } = readSafetensors(await fixture(`${family}/model.safetensors`))
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, { data: toFloat32(tensor, name).slice(), shape: tensor.shape }]))
}
const config = (files: Files, changes: object): Files => ({
  ...files,
  'config.json': JSON.stringify({ ...JSON.parse(String(files['config.json'])), ...changes }),
})
const refusal = (files: Files): Promise<KdError> =>
  inFolder(files, (folder) =>
    BertTeacher.load(folder, { threads: 1 }).then(
      () => expect.fail('it was loaded'),
      (error) => error,
    ),
  )
const answers = (files: Files) =>
  inFolder(files, async (folder) => {
    const teacher = await BertTeacher.load(folder, { threads: 1 })
    const logits = await teacher.logits([{ text: 'good film', pair: 'bad film' }])
    await teacher.dispose()
    return logits
  })

describe('tensors', () => {
  it('that are missing are told all at once, with what was tried', async () => {
    const weights = await tinyWeights((tensors) => {
      delete tensors['bert.encoder.layer.0.output.dense.bias']
      delete tensors['bert.embeddings.LayerNorm.weight']
    })
    const error = await refusal({ ...(await tinyFiles()), 'model.safetensors': weights })
    expect(error).toMatchObject({ kind: 'missing', fix: expect.stringContaining('belongs to these weights') })
    expect(error.what).toBe(
      '2 tensors are not among its 39: there is no bert.embeddings.LayerNorm.weight or embeddings.LayerNorm.weight, no ' +
        'bert.encoder.layer.0.output.dense.bias or encoder.layer.0.output.dense.bias',
    )
  })

  it('of another family are told as missing', async () => {
    const error = await refusal(
      config(await familyFiles('distilbert'), {
        model_type: 'bert',
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 24,
      }),
    )
    expect(error).toMatchObject({ kind: 'missing' })
    expect(error.message).toMatch(/, and \d+ more .*which asks for 2 layers of bert, belongs/)
  })

  it('that no such model has are an error, those of other tasks are not', async () => {
    const foreign = { data: new Float32Array(4), shape: [4] }
    const strange = await tinyWeights((tensors) => Object.assign(tensors, { 'bert.encoder.layer.0.adapter.weight': foreign }))
    expect(await refusal({ ...(await tinyFiles()), 'model.safetensors': strange })).toMatchObject({
      kind: 'mismatch',
      what: '1 of its tensors have no place in this model: bert.encoder.layer.0.adapter.weight',
    })
    const left = ['cls.predictions.bias', 'lm_head.bias', 'bert.embeddings.position_ids', 'qa_outputs.bias']
    const usual = await tinyWeights((tensors) => Object.assign(tensors, Object.fromEntries(left.map((name) => [name, foreign]))))
    expect(await answers({ ...(await tinyFiles()), 'model.safetensors': usual })).toHaveLength(3)
    const pooled = { ...(await tensorsOf('roberta')), 'roberta.pooler.dense.weight': foreign, 'roberta.pooler.dense.bias': foreign }
    expect(await answers({ ...(await familyFiles('roberta')), 'model.safetensors': writeSafetensors(pooled) })).toEqual(
      await answers(await familyFiles('roberta')),
    )
  })

  it('may have the names of 2019, gamma and beta', async () => {
    const old = Object.entries(await tinyTensors()).map(
      ([name, tensor]) =>
        [name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'), tensor] as const,
    )
    expect(old.filter(([name]) => /gamma|beta/.test(name))).toHaveLength(10)
    const files = await tinyFiles()
    expect(await answers({ ...files, 'model.safetensors': writeSafetensors(Object.fromEntries(old)) })).toEqual(await answers(files))
  })

  it('of a type that is not known are refused by name', async () => {
    const files = await tinyFiles()
    const text = Buffer.from(files['model.safetensors'] as Uint8Array).toString('latin1')
    const eight = Buffer.from(text.replace('"dtype":"F32"', '"dtype":"F8 "'), 'latin1')
    const error = await refusal({ ...files, 'model.safetensors': eight })
    expect(error).toMatchObject({ kind: 'format', where: { tensor: expect.any(String) } })
    expect(error.message).toMatch(/element type "F8 " is none of F64, F32/)
  })
})

describe('a head', () => {
  it.each<[string, string, string]>([
    ['distilbert', 'pre_classifier.weight', 'DistilBertForMaskedLM'],
    ['roberta', 'classifier.dense.weight', 'RobertaForMaskedLM'],
    ['electra', 'classifier.out_proj.weight', 'ElectraForPreTraining'],
  ])('that %s lacks: the error says to fine-tune, and what it is', async (family, missing, architecture) => {
    const tensors = Object.fromEntries(Object.entries(await tensorsOf(family)).filter(([name]) => !/^(pre_)?classifier/.test(name)))
    const files = config(
      { ...(await familyFiles(family)), 'model.safetensors': writeSafetensors(tensors) },
      { architectures: [architecture] },
    )
    const error = await refusal(files)
    expect(error).toMatchObject({
      kind: 'missing',
      fix: `The checkpoint has no classification head, it was saved from ${architecture}: fine-tune it first.`,
    })
    expect(error.what).toContain(missing)
  })

  it('of no label at all is refused, wherever the none stands', async () => {
    const files = await tinyFiles()
    const none = await tinyWeights((tensors) => {
      tensors['classifier.weight'] = { data: new Float32Array(0), shape: [0, 32] }
      tensors['classifier.bias'] = { data: new Float32Array(0), shape: [0] }
    })
    const unnamed = config({ ...files, 'model.safetensors': none }, { id2label: undefined })
    expect(await refusal(unnamed)).toMatchObject({ kind: 'mismatch', what: expect.stringContaining('no label at all') })
    expect(await refusal(config(files, { id2label: undefined, num_labels: 0 }))).toMatchObject({ kind: 'format' })
    expect(await refusal(config(files, { id2label: {} }))).toMatchObject({ kind: 'format' })
    expect(await refusal(config(files, { problem_type: 'ranking' }))).toMatchObject({
      kind: 'format',
      what: expect.stringContaining('problem_type'),
    })
    expect(await refusal(config(files, { id2label: undefined, num_labels: 2 }))).toMatchObject({ kind: 'mismatch' })
  })
})

describe('a configuration', () => {
  it.each<[string, string, object, KdErrorKind, RegExp]>([
    [
      'electra',
      'another width of the embeddings',
      { embedding_size: 16 },
      'mismatch',
      /shape is \[\d+,8\], config\.json asks for \[\d+,16\]/,
    ],
    ['albert', 'more groups than layers', { num_hidden_groups: 9 }, 'format', /num_hidden_groups is 9/],
    ['albert', 'more groups than the weights have', { num_hidden_groups: 4 }, 'missing', /albert_layer_groups\.2/],
    ['mpnet', 'other buckets', { relative_attention_num_buckets: 64 }, 'mismatch', /only 32/],
    ['roberta', 'no room for a token', { max_position_embeddings: 2 }, 'format', /leaves no position/],
    ['roberta', 'other positions', { max_position_embeddings: 50 }, 'mismatch', /shape is \[42,16\], config\.json asks for \[50,16\]/],
    ['distilbert', 'an unknown activation', { activation: 'swish' }, 'mismatch', /activation is "swish"/],
    [
      'distilbert',
      'no class that is known',
      { model_type: undefined, architectures: ['T5ForConditionalGeneration'] },
      'mismatch',
      /model_type is undefined/,
    ],
  ])('of %s with %s is refused', async (family, _, changes, kind, message) => {
    const error = await refusal(config(await familyFiles(family), changes))
    expect(error).toMatchObject({ name: 'KdError', kind })
    expect(error.message).toMatch(message)
  })
})

describe('a tokeniser', () => {
  it('that is shorter or longer than the embedding is refused, unless the embedding was rounded up', async () => {
    const files = await tinyFiles()
    expect(await refusal({ ...files, 'vocab.txt': tinyVocabulary.replace('\nbad', '') })).toMatchObject({
      kind: 'mismatch',
      what: 'its vocabulary has 59 tokens, config.json asks for 60',
    })
    expect(await refusal({ ...files, 'vocab.txt': `${tinyVocabulary}\nthe` })).toMatchObject({ kind: 'mismatch' })
    const rounded = await tinyWeights((tensors) => {
      const { data } = tensors['bert.embeddings.word_embeddings.weight']!
      const wider = new Float32Array(64 * 32)
      wider.set(data as Float32Array)
      tensors['bert.embeddings.word_embeddings.weight'] = { data: wider, shape: [64, 32] }
    })
    expect(await answers(config({ ...files, 'model.safetensors': rounded }, { vocab_size: 64 }))).toEqual(await answers(files))
  })

  it('of another model is refused by its padding token and its segments', async () => {
    const files = await familyFiles('roberta')
    const size = JSON.parse(String(files['config.json'])).vocab_size
    const bert = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...Array.from({ length: size - 5 }, (_, i) => `word${i}`)].join('\n')
    const { 'tokenizer.json': _, 'tokenizer_config.json': __, ...weights } = files
    const foreign = { ...weights, 'vocab.txt': bert }
    expect(await refusal({ ...foreign, 'tokenizer_config.json': '{"pad_token": "[PAD]"}' })).toMatchObject({
      kind: 'mismatch',
      what: "its tokeniser's padding token has id 0, config.json says 1",
    })
    expect(await refusal(foreign)).toMatchObject({ kind: 'mismatch', what: 'its tokeniser tells 2 segments apart, config.json knows 1' })
  })
})

describe('shards', () => {
  const sharded = async (): Promise<Files> => {
    const { 'model.safetensors': _, ...files } = { ...(await familyFiles('distilbert')) }
    const names = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]
    return {
      ...files,
      ...Object.fromEntries(await Promise.all(names.map(async (name) => [name, await fixture(`bert-cased/${name}`)] as const))),
    }
  }

  it('that are missing, cut, or of another checkpoint are refused', async () => {
    const files = await sharded()
    expect(await answers(files)).toHaveLength(3)
    const { 'model-00002-of-00002.safetensors': second, ...first } = files
    expect(await refusal(first)).toMatchObject({ kind: 'missing', what: 'it has 1 of the 2 files of its weights' })
    const cut = (second as Uint8Array).slice(0, -1)
    expect((await refusal({ ...files, 'model-00002-of-00002.safetensors': cut })).message).toContain('model-00002-of-00002.safetensors')
    const other = await fixture('distilbert/model.safetensors')
    expect(await refusal({ ...files, 'model-00002-of-00002.safetensors': other })).toMatchObject({
      kind: 'format',
      what: expect.stringContaining('lacks it, against what the index says'),
    })
  })
})

it.each(['bert-cased', 'distilbert', 'roberta', 'xlm-roberta', 'electra', 'mpnet', 'albert'])(
  '%s answers to empty, long and strange texts',
  async (family) => {
    const teacher = await BertTeacher.load(fileURLToPath(new URL(`../../fixtures/families/${family}`, import.meta.url)), { threads: 1 })
    const long = ['x'.repeat(100_000), 'a film '.repeat(15_000)].map((text) => ({ text }))
    const texts = ['', ' ', '\u0000\u0001\u001b\u007f\u0085', '\ud83d', '<pad>', '[PAD] [MASK] <s>']
    const logits = await teacher.logits([...long, ...texts.flatMap((text) => [{ text }, { text, pair: text }])])
    expect(logits.every(Number.isFinite)).toBe(true)
    expect(await teacher.logits([])).toEqual(new Float32Array(0))
    await teacher.dispose()
  },
)
