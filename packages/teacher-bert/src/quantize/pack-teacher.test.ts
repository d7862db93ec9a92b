import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, dataset, type Example, KdError } from '@kd/core'
import { FailingFileSystem } from '@kd/core/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'
import { type FineTuned, fineTune } from '../fine-tune/fine-tune.ts'
import { BertTeacher } from '../teacher.ts'
import { quantizationCheck } from './check.ts'
import { packTeacher } from './pack-teacher.ts'
import { quantize } from './quantize-teacher.ts'

const labels = ['praise', 'blame', 'neither']
const examples: Example[] = [...'abcdefghij'].flatMap((letter) =>
  ['good', 'bad', 'film'].map((word, label) => ({ text: `${letter} ${word}`, label })),
)
const dev: Dataset = dataset({ name: 'words', labels, pairs: false, metrics: ['accuracy'] }, examples)
const selfCheck = ['a good film', { text: 'bad', pair: 'film' }]

let trained: FineTuned
beforeAll(async () => {
  trained = await inFolder(await tinyFiles(), (base) => fineTune(base, dev, { batchSize: 10, learningRate: 5e-3, epochs: 10, dropout: 0 }))
})
afterAll(() => trained.teacher.dispose())

const saved = async <T>(use: (folder: string, place: string) => Promise<T>): Promise<T> =>
  inFolder({ 'empty.txt': '' }, async (place) => {
    const folder = join(place, 'fine-tuned')
    await trained.teacher.save(folder)
    return use(folder, place)
  })

describe('quantize', () => {
  it('gives a teacher in int8 and what it is worth, and saves as a folder that loads as the same', () =>
    saved(async (_, place) => {
      const { teacher, check } = await quantize(trained.teacher, { dev, selfCheck })
      expect(teacher).toMatchObject({ labels, arithmetic: 'int8, a scale a token', maxLength: trained.teacher.maxLength })
      expect(check).toMatchObject({ examples: 30, metric: 'accuracy', float32: 1, int8: 1, agreement: 1 })
      expect(check!.bytes.int8).toBeLessThan(check!.bytes.before / 2)
      const folder = join(place, 'int8')
      await teacher.save(folder)
      const loaded = await BertTeacher.load(folder)
      expect(loaded.fingerprint).toBe(teacher.fingerprint)
      expect(await loaded.logits(examples)).toEqual(await teacher.logits(examples))
      expect(JSON.parse(await readFile(join(folder, 'self-check.json'), 'utf8')).rows[1]).toMatchObject({ text: 'bad', pair: 'film' })
      const card = await readFile(join(folder, 'README.md'), 'utf8')
      expect(card).toMatch(/## Fine-tuning[\s\S]*## Measured[\s\S]*\| int8, this folder \| 0\.0 MB \| 1\.0000 \|/)
      expect(card).not.toContain('transformers')
      await loaded.dispose()

      const { teacher: twice } = await quantize(teacher, { selfCheck })
      expect(twice.fingerprint).toBe(teacher.fingerprint)
      await twice.dispose()
      await teacher.dispose()
    }))

  it('compares by the metric that is asked for, the labels of a task or not', async () => {
    const rows = examples.map(({ text, label }) => ({ text, label }))
    const { check, teacher } = await quantize(trained.teacher, { dev: rows, metric: 'mcc', selfCheck })
    expect(check).toMatchObject({ metric: 'mcc', float32: 1, int8: 1 })
    await teacher.dispose()
  })

  it('stores answers to pairs of a teacher of pairs', async () => {
    const pairs = dataset(
      { ...dev.task, pairs: true },
      examples.map(({ text, label }) => ({ text, pair: 'film', label })),
    )
    const { teacher } = await quantize(trained.teacher, { dev: pairs, mostLost: 1 })
    expect(teacher.pairs).toBe(true)
    await teacher.dispose()
  })

  const swapped = dataset({ ...dev.task, labels: ['blame', 'praise', 'neither'] }, examples)
  it.each<[string, object, Partial<KdError>]>([
    ['labels in another order', { dev: swapped }, { kind: 'mismatch', where: { option: 'dev' } }],
    ['dev without labels', { dev: [{ text: 'a' }] }, { kind: 'data' }],
    ['an empty dev', { dev: [] }, { kind: 'data' }],
    ['nothing to check with', { selfCheck: [] }, { kind: 'option', where: { option: 'selfCheck' } }],
    ['a loss that is no share', { dev, mostLost: -1 }, { kind: 'option', where: { option: 'mostLost' } }],
  ])('refuses %s', (_, options, error) => expect(quantize(trained.teacher, options)).rejects.toMatchObject(error))
})

it('refuses what loses too much', async () => {
  await inFolder(await tinyFiles(), async (folder) => {
    const other = await BertTeacher.load(folder, { labels })
    await expect(quantizationCheck(trained.teacher, other, dev, {})).rejects.toMatchObject({ kind: 'teacher' })
    expect(await quantizationCheck(trained.teacher, other, dev, { mostLost: 1 })).toMatchObject({ float32: 1 })
    await other.dispose()
  })
})

describe('packTeacher', () => {
  it('makes a package that loads by its name, checked, with how it was trained', () =>
    saved(async (folder, place) => {
      const to = join(place, 'node_modules', '@our', 'words')
      const packed = await packTeacher(folder, '@our/words', { dev, to, license: 'MIT', selfCheck, sections: { Origin: 'Ours.' } })
      expect(packed.check).toMatchObject({ float32: 1, int8: 1 })
      expect((await readdir(to)).sort()).toEqual([...packed.files].sort())
      const manifest = JSON.parse(await readFile(join(to, 'package.json'), 'utf8'))
      expect(manifest).toMatchObject({ name: '@our/words', version: '1.0.0', license: 'MIT' })
      expect([...manifest.files, 'README.md', 'package.json'].sort()).toEqual([...packed.files].sort())
      const card = await readFile(join(to, 'README.md'), 'utf8')
      expect(card).toMatch(/^---\nlicense: mit\n[\s\S]*npm install @kd\/teacher-bert @our\/words/)
      expect(card).toMatch(/## Fine-tuning\n\nFrom [\s\S]*## Measured[\s\S]*## Origin\n\nOurs\./)

      const teacher = await BertTeacher.load('@our/words', { from: place })
      expect(teacher).toMatchObject({ labels, arithmetic: 'int8, a scale a token' })
      await teacher.dispose()
      await packTeacher(folder, '@our/words', { dev, to, version: '1.0.1', selfCheck })
      expect(JSON.parse(await readFile(join(to, 'package.json'), 'utf8')).version).toBe('1.0.1')
    }))

  it('refuses a bad name and a full disk, and leaves nothing behind', () =>
    saved(async (folder, place) => {
      const to = join(place, 'packed')
      await expect(packTeacher(folder, 'No Name', { dev, to })).rejects.toMatchObject({ kind: 'option', where: { option: 'name' } })
      await expect(packTeacher(folder, 'words', { dev: [{ text: 'a' }], to })).rejects.toMatchObject({ kind: 'data' })
      const fileSystem = new FailingFileSystem(3)
      const failed = await packTeacher(folder, 'words', { dev, to, fileSystem, selfCheck }).catch((error: unknown) => error)
      expect(KdError.isInstance(failed, 'io')).toBe(true)
      expect((await readdir(place)).sort()).toEqual(['empty.txt', 'fine-tuned'])
    }))
})
