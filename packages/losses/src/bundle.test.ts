import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledFiles } from '../../../tools/bundled-files.ts'

it('a bundle of @kd/losses/metrics alone holds no TensorFlow.js', async () => {
  const { all } = await bundledFiles(fileURLToPath(new URL('metrics.ts', import.meta.url)))
  expect(all.some((file) => file.endsWith('metrics/mcc.ts'))).toBe(true)
  expect(all.filter((file) => /tensorflow|onnxruntime/.test(file))).toEqual([])
})
