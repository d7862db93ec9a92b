import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { inQuantized } from '../test/quantized.ts'
import { inFolder, tinyFiles } from '../test/tiny-model.ts'
import { BertTeacher } from './teacher.ts'

const program = `
const { BertTeacher } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
const teacher = await BertTeacher.load(process.argv[1])
const logits = await teacher.logits([{ text: 'good film' }, { text: 'bad', pair: 'film' }])
const vectors = await teacher.wordVectors({ dimensions: 2 }).vectorsFor(['good'])
console.log(JSON.stringify({ arithmetic: teacher.arithmetic, logits: [...logits], vectors: [...vectors], fingerprint: teacher.fingerprint }))
`

it('answers the same without ONNX Runtime, and is another teacher to a store of logits', async () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  await inFolder(await tinyFiles(), async (folder) => {
    await inQuantized(folder, { selfCheck: ['good film'] }, async (quantized) => {
      const child = promisify(execFile)(
        process.execPath,
        ['--conditions=@kd/source', '--import', 'tsx', '--input-type=module', '--eval', program, quantized],
        { cwd, env: { ...process.env, KD_ENGINE: 'tfjs' } },
      )
      const { stdout, stderr } = await child
      expect(stderr).toBe('')
      const fallback = JSON.parse(stdout)
      expect(fallback.arithmetic).toBe('float32, TensorFlow.js')

      const native = await BertTeacher.load(quantized, { threads: 1, arithmetic: 'float32' })
      const logits = await native.logits([{ text: 'good film' }, { text: 'bad', pair: 'film' }])
      logits.forEach((value, i) => {
        expect(fallback.logits[i]).toBeCloseTo(value, 4)
      })
      const vectors = await native.wordVectors({ dimensions: 2 }).vectorsFor(['good'])
      vectors.forEach((value, i) => {
        expect(fallback.vectors[i]).toBeCloseTo(value, 3)
      })
      expect(native.fingerprint).not.toBe(fallback.fingerprint)
      await native.dispose()
    })
  })
})
