import { readSafetensors, toFloat32 } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { inFolder, tinyFiles, tinyTensors, tinyWeights } from '../../test/tiny-model.ts'
import { fineTune } from '../fine-tune/fine-tune.ts'
import { BertTeacher } from '../teacher.ts'
import { quantizeBase } from './quantize-base.ts'

const name = 'bert.encoder.layer.1.output.dense.weight'

async function quantizedTiny(): Promise<Record<string, Uint8Array | string>> {
  return inFolder(await tinyFiles(), (folder) => quantizeBase(folder))
}

describe('quantizeBase', () => {
  it('keeps encoder and pooler, all 8 bits, and leaves the head out', async () => {
    await inFolder(await tinyFiles(), async (folder) => {
      const files = await quantizeBase(folder)
      const { tensors } = readSafetensors(files['model.safetensors'] as Uint8Array)
      expect([...tensors.keys()].filter((key) => key.startsWith('classifier'))).toEqual([])
      expect(tensors.has('bert.pooler.dense.weight')).toBe(true)
      const [weight, scale] = [tensors.get(name)!, tensors.get(`${name}_scale`)!]
      const int8 = new Int8Array(weight.bytes.slice().buffer)
      expect(Math.max(...int8.map(Math.abs))).toBe(127)
      const [scales, exact] = [toFloat32(scale, name), (await tinyTensors())[name]!]
      const columns = exact.shape[1]!
      ;(exact.data as Float32Array).forEach((value, i) => {
        const step = scales[Math.floor(i / columns)]!
        expect(Math.abs(int8[i]! * step - value)).toBeLessThanOrEqual(step * 0.501)
      })
      const config = JSON.parse(String(files['config.json']))
      expect(config.architectures).toEqual(['BertModel'])
      expect([config.id2label, config.problem_type]).toEqual([undefined, undefined])
    })
  })

  it('is what a training begins from, and no teacher', async () => {
    const examples = ['a good', 'b good', 'c good', 'a bad', 'b bad', 'c bad'].map((text, row) => ({ text, label: row < 3 ? 1 : 0 }))
    await inFolder(await quantizedTiny(), async (base) => {
      const options = { labels: ['blame', 'praise'], epochs: 12, learningRate: 5e-3, dropout: 0, threads: 1 }
      const { teacher, history } = await fineTune(base, examples, options)
      expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 2)
      expect(teacher.arithmetic).toBe('float32')
      await teacher.dispose()
      await expect(BertTeacher.load(base)).rejects.toMatchObject({ kind: 'missing', fix: expect.stringContaining('fine-tune') })
    })
  })

  it('refuses an encoder with a tensor missing', async () => {
    const files = { ...(await tinyFiles()), 'model.safetensors': await tinyWeights((tensors) => void delete tensors[name]) }
    await inFolder(files, (folder) => expect(quantizeBase(folder)).rejects.toMatchObject({ kind: 'missing' }))
  })
})
