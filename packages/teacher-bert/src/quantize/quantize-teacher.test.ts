import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { inQuantized } from '../../test/quantized.ts'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'
import { BertTeacher } from '../teacher.ts'

const labels = ['no', 'maybe', 'yes']
const selfCheck = ['good film', { text: 'good film', pair: 'bad' }]
const weightsIn = (folder: string) => readFile(join(folder, 'model.safetensors'))

describe('a quantised folder', () => {
  it('names its classes, is small, checks itself and answers nearly the same', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      const before = await BertTeacher.load(folder, { threads: 1 })
      await inQuantized(folder, { labels, selfCheck }, async (quantized) => {
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

        const { rows } = JSON.parse(await readFile(join(quantized, 'self-check.json'), 'utf8'))
        expect(rows.map(({ text, pair }: { text: string; pair?: string }) => [text, pair])).toEqual([
          ['good film', undefined],
          ['good film', 'bad'],
        ])
        expect(rows[0].logits).not.toEqual(rows[1].logits)
      })
      await before.dispose()
    })
  })

  it('has the same bytes each time, when quantised again too, and full precision where it matters', async () => {
    await inFolder(await tinyFiles(), (folder) =>
      inQuantized(folder, { selfCheck }, async (quantized) => {
        const bytes = await weightsIn(quantized)
        await inQuantized(folder, { selfCheck }, async (other) => expect((await weightsIn(other)).equals(bytes)).toBe(true))
        await inQuantized(quantized, { selfCheck }, async (twice) => expect((await weightsIn(twice)).equals(bytes)).toBe(true))
        const { tensors } = readSafetensors(bytes)
        expect(tensors.get('bert.embeddings.word_embeddings.weight')!.type).toBe('I8')
        expect(tensors.get('bert.encoder.layer.1.output.dense.weight')!.type).toBe('I8')
        expect(tensors.get('classifier.weight')!.type).toBe('F32')
      }),
    )
  })
})
