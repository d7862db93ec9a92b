import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { KdError, KdErrorKind } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { inFolder, tinyFiles, tinyTensors, tinyWeights } from '../test/tiny-model.ts'
import { BertTeacher, type BertTeacherOptions } from './teacher.ts'

type Files = Awaited<ReturnType<typeof tinyFiles>>

const refusal = (files: Files, options?: BertTeacherOptions): Promise<KdError> =>
  inFolder(files, (folder) =>
    BertTeacher.load(folder, { threads: 1, ...options }).then(
      () => expect.fail('it was loaded'),
      (error) => error,
    ),
  )

describe('BertTeacher.load finds', () => {
  const project = async (use: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'kd-project-'))
    try {
      await use(folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const install = async (folder: string, name: string, exports: object) => {
    const place = join(folder, 'node_modules', name)
    await mkdir(place, { recursive: true })
    for (const [file, contents] of Object.entries(await tinyFiles())) await writeFile(join(place, file), contents)
    await writeFile(join(place, 'package.json'), JSON.stringify({ name, version: '1.0.0', exports }))
  }

  it("a package as the caller's project sees it, given as a folder or as a module's URL", async () => {
    await project(async (folder) => {
      await install(folder, '@somebody/teacher', { './package.json': './package.json' })
      await install(folder, 'closed', { '.': './nothing.js' })
      await (await BertTeacher.load('closed', { from: folder, threads: 1 })).dispose()
      for (const from of [folder, pathToFileURL(join(folder, 'main.js')).href]) {
        const teacher = await BertTeacher.load('@somebody/teacher', { from, threads: 1 })
        expect(teacher).toMatchObject({ name: '@somebody/teacher', labels: ['LABEL_0', 'LABEL_1', 'LABEL_2'] })
        await teacher.dispose()
      }
    })
  })

  it('no package: the error holds the command that installs it', async () => {
    await project(async (from) => {
      await expect(BertTeacher.load('@kd/teacher-sst2', { from })).rejects.toMatchObject({
        kind: 'missing',
        fix: 'npm install @kd/teacher-sst2',
      })
      await expect(BertTeacher.load('./nothing', { from })).rejects.toMatchObject({
        kind: 'missing',
        where: { file: join(from, 'nothing') },
      })
    })
  })

  it('a folder, before a package of that name', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      const teacher = await BertTeacher.load('model', { from: join(folder, '..'), threads: 1, labels: ['a', 'b', 'c'] })
      expect(teacher.labels).toEqual(['a', 'b', 'c'])
      await teacher.dispose()
    })
  })
})

describe('BertTeacher.load refuses', () => {
  const config = (files: Files, changes: object) => JSON.stringify({ ...JSON.parse(String(files['config.json'])), ...changes })

  it.each<[string, object, KdErrorKind, RegExp]>([
    ['another architecture', { model_type: 'gpt2' }, 'mismatch', /model_type is "gpt2"/],
    ['an unknown activation', { hidden_act: 'swish' }, 'mismatch', /hidden_act is "swish"/],
    ['relative positions', { position_embedding_type: 'relative_key' }, 'mismatch', /position_embedding_type/],
    ['sizes that are none', { hidden_size: -1 }, 'format', /hidden_size is -1/],
    ['heads that do not divide', { num_attention_heads: 5 }, 'format', /no multiple/],
    ['an epsilon of zero', { layer_norm_eps: 0 }, 'format', /layer_norm_eps/],
    [
      'widths that contradict the weights',
      { hidden_size: 64 },
      'mismatch',
      /shape is \[60,32\], config\.json asks for \[60,64\].*word_embeddings/,
    ],
    ['more layers than the weights have', { num_hidden_layers: 3 }, 'missing', /bert\.encoder\.layer\.2.* or encoder\.layer\.2/],
    ['fewer layers than the weights have', { num_hidden_layers: 1 }, 'mismatch', /16 of its tensors have no place/],
    ['a vocabulary of another size', { vocab_size: 10_000_000 }, 'mismatch', /vocabulary has 60 tokens, config\.json asks for 10000000/],
    ['more names than logits', { id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd' } }, 'mismatch', /shape is \[3,32\].*\[4,32\]/],
    ['names with a gap', { id2label: { 0: 'a', 2: 'b' } }, 'format', /id2label/],
    ['a name twice', { id2label: { 0: 'a', 1: 'a', 2: 'b' } }, 'format', /twice/],
    ['no names', { id2label: {} }, 'format', /id2label/],
  ])('a config.json with %s', async (_, changes, kind, message) => {
    const files = await tinyFiles()
    const error = await refusal({ ...files, 'config.json': config(files, changes) })
    expect(error).toMatchObject({ name: 'KdError', kind })
    expect(error.message).toMatch(message)
  })

  it.each(['', 'null', '[]', '{ "model_type": "bert"'])('a config.json that reads %j', async (text) => {
    expect(await refusal({ ...(await tinyFiles()), 'config.json': text })).toMatchObject({ kind: 'format' })
  })

  it.each<[string, (weights: Uint8Array) => Uint8Array]>([
    ['empty', () => new Uint8Array(0)],
    ['cut in its header', (bytes) => bytes.slice(0, 100)],
    ['cut by one byte', (bytes) => bytes.slice(0, -1)],
    ['longer than it says', (bytes) => Uint8Array.from([...bytes, 0])],
    ['another kind of file', () => new TextEncoder().encode('<!doctype html><html></html>')],
    ['one whose header claims more than there is', (bytes) => Uint8Array.from(bytes, (byte, i) => (i === 6 ? 255 : byte))],
  ])('a model.safetensors that is %s', async (_, change) => {
    const files = await tinyFiles()
    const error = await refusal({ ...files, 'model.safetensors': change(files['model.safetensors'] as Uint8Array) })
    expect(error).toMatchObject({ kind: 'format' })
    expect(error.message).toContain('model.safetensors')
  })

  it('weights without a classification head, and says to fine-tune', async () => {
    const weights = await tinyWeights((tensors) => {
      delete tensors['classifier.weight']
    })
    expect(await refusal({ ...(await tinyFiles()), 'model.safetensors': weights })).toMatchObject({
      kind: 'missing',
      fix: expect.stringContaining('fine-tune'),
    })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('weights that are %f', async (value) => {
    const name = 'bert.encoder.layer.1.output.dense.weight'
    const weights = await tinyWeights((tensors) => {
      tensors[name]!.data[7] = value
    })
    expect(await refusal({ ...(await tinyFiles()), 'model.safetensors': weights })).toMatchObject({
      kind: 'numeric',
      where: { tensor: name },
    })
  })

  it('int8 weights without their scales, or with too few', async () => {
    const name = 'bert.pooler.dense.weight'
    for (const scales of [undefined, new Float32Array(3)]) {
      const weights = await tinyWeights((tensors) => {
        tensors[name] = { data: new Int8Array(32 * 32), shape: [32, 32] }
        if (scales) tensors[`${name}_scale`] = { data: scales, shape: [3] }
      })
      const error = await refusal({ ...(await tinyFiles()), 'model.safetensors': weights })
      expect(error).toMatchObject({ kind: scales ? 'mismatch' : 'missing' })
      expect(error.message).toContain(`${name}_scale`)
    }
  })

  it('whole numbers where floating-point ones belong', async () => {
    const weights = await tinyWeights((tensors) => {
      tensors['classifier.bias'] = { data: new Int32Array(3), shape: [3] }
    })
    expect(await refusal({ ...(await tinyFiles()), 'model.safetensors': weights })).toMatchObject({
      kind: 'format',
      where: { tensor: 'classifier.bias' },
    })
  })

  it('a folder without weights, without a tokeniser, with pickled weights alone', async () => {
    const { 'model.safetensors': _, ...withoutWeights } = await tinyFiles()
    expect(await refusal(withoutWeights)).toMatchObject({ kind: 'missing', what: expect.stringContaining('none of model.safetensors') })
    const pickled = await refusal({ ...withoutWeights, 'pytorch_model.bin': new Uint8Array(8) })
    expect(pickled).toMatchObject({ kind: 'mismatch', fix: expect.stringContaining('safe_serialization') })
    const { 'vocab.txt': __, ...withoutTokens } = await tinyFiles()
    expect(await refusal(withoutTokens)).toMatchObject({ kind: 'missing', fix: expect.stringContaining('save_pretrained') })
  })

  it.each<[string, BertTeacherOptions]>([
    ['labels', { labels: ['a', 'b'] }],
    ['labels', { labels: ['a', 'b', 'b'] }],
    ['batchSize', { batchSize: 0 }],
    ['maxLength', { maxLength: 3 }],
    ['maxLength', { maxLength: 25 }],
  ])('the option %s of %j', async (option, options) => {
    expect(await refusal(await tinyFiles(), options)).toMatchObject({ kind: 'option', where: { option } })
  })

  it('a model whose stored answers come out differently, and a damaged file of them', async () => {
    const check = (contents: unknown) => ({ 'self-check.json': JSON.stringify(contents) })
    const files = await tinyFiles()
    const wrong = check({ tolerance: 0.25, rows: [{ text: 'good film', logits: [9, 9, 9] }] })
    expect(await refusal({ ...files, ...wrong })).toMatchObject({ kind: 'teacher', fix: expect.stringContaining('float32') })
    for (const contents of [null, {}, { tolerance: 0.1, rows: [] }, { tolerance: 0.1, rows: [{ text: 1, logits: [] }] }]) {
      expect(await refusal({ ...files, ...check(contents) })).toMatchObject({ kind: 'format' })
    }
    const short = check({ tolerance: 0.25, rows: [{ text: 'good film', logits: [9] }] })
    expect(await refusal({ ...files, ...short })).toMatchObject({ kind: 'teacher' })
  })
})

it('answers that are not finite are an error that shows the text', async () => {
  const huge = await tinyWeights((tensors) => {
    tensors['classifier.weight']!.data.fill(3e38)
    tensors['bert.pooler.dense.bias']!.data.fill(100)
  })
  await inFolder({ ...(await tinyFiles()), 'model.safetensors': huge }, async (folder) => {
    const teacher = await BertTeacher.load(folder, { threads: 1 })
    await expect(teacher.logits([{ text: 'good film' }])).rejects.toMatchObject({
      kind: 'teacher',
      what: expect.stringContaining('"good film"'),
    })
    await teacher.dispose()
  })
})

it('the same weights in half precision and without the prefix of their model load alike', async () => {
  const { float32ToFloat16, writeSafetensors } = await import('@kd/core')
  const halved = Object.entries(await tinyTensors()).map(
    ([name, { data, shape }]) => [name.replace(/^bert\./, ''), { data: float32ToFloat16(data as Float32Array), shape }] as const,
  )
  const answers: Float32Array[] = []
  for (const weights of [(await tinyFiles())['model.safetensors']!, writeSafetensors(Object.fromEntries(halved))]) {
    await inFolder({ ...(await tinyFiles()), 'model.safetensors': weights }, async (folder) => {
      const teacher = await BertTeacher.load(folder, { threads: 1 })
      answers.push(await teacher.logits([{ text: 'good film', pair: 'bad film' }]))
      await teacher.dispose()
    })
  }
  answers[0]!.forEach((value, i) => {
    expect(value).toBeCloseTo(answers[1]![i]!, 1)
  })
})
