import { readSafetensors } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'
import { BertTeacher } from '../teacher.ts'
import { quantizeCheckpoint } from './quantize-checkpoint.ts'

const labels = ['no', 'maybe', 'yes']
const selfCheck = ['good film', 'bad']

describe('quantizeCheckpoint', () => {
  it('makes a folder that loads, names its classes, checks itself and answers nearly the same', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      const before = await BertTeacher.load(folder, { threads: 1 })
      const files = await quantizeCheckpoint(folder, { labels, selfCheck })
      expect(Object.keys(files).sort()).toEqual(['config.json', 'model.safetensors', 'self-check.json', 'tokenizer.json'])
      await inFolder(files, async (quantized) => {
        const after = await BertTeacher.load(quantized, { threads: 1 })
        expect(after).toMatchObject({ labels, arithmetic: 'int8, a scale a token', parameters: before.parameters })
        expect(after.bytes).toBeLessThan(before.bytes / 2)
        expect(after.fingerprint).not.toBe(before.fingerprint)
        const examples = [{ text: 'good film' }, { text: 'bad', pair: 'a good bad film' }]
        const [exact, rounded] = [await before.logits(examples), await after.logits(examples)]
        exact.forEach((value, i) => {
          expect(Math.abs(rounded[i]! - value)).toBeLessThan(0.1)
        })
        await after.dispose()
      })
      await before.dispose()
    })
  })

  it('is deterministic, changes no quantised folder, and keeps full precision where it matters', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      const files = await quantizeCheckpoint(folder, { labels, selfCheck })
      expect(await quantizeCheckpoint(folder, { labels, selfCheck })).toEqual(files)
      await inFolder(files, async (quantized) => {
        expect((await quantizeCheckpoint(quantized, { selfCheck }))['model.safetensors']).toEqual(files['model.safetensors'])
      })
      const { tensors } = readSafetensors(files['model.safetensors'] as Uint8Array)
      expect(tensors.get('bert.embeddings.word_embeddings.weight')!.type).toBe('I8')
      expect(tensors.get('bert.encoder.layer.1.output.dense.weight')!.type).toBe('I8')
      expect(tensors.get('classifier.weight')!.type).toBe('F32')
    })
  })

  it('stores pairs to check with as pairs', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      const files = await quantizeCheckpoint(folder, { labels, selfCheck: ['good film', { text: 'good film', pair: 'bad' }] })
      const { rows } = JSON.parse(String(files['self-check.json'])) as { rows: { text: string; pair?: string; logits: number[] }[] }
      expect(rows.map(({ text, pair }) => [text, pair])).toEqual([
        ['good film', undefined],
        ['good film', 'bad'],
      ])
      expect(rows[0]!.logits).not.toEqual(rows[1]!.logits)
      await inFolder(files, async (quantized) => (await BertTeacher.load(quantized, { threads: 1 })).dispose())
    })
  })

  it('refuses no texts to check with, and labels that do not fit', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      await expect(quantizeCheckpoint(folder, { selfCheck: [] })).rejects.toMatchObject({ kind: 'option' })
      await expect(quantizeCheckpoint(folder, { labels: ['a'] })).rejects.toMatchObject({ kind: 'option', where: { option: 'labels' } })
    })
  })
})
