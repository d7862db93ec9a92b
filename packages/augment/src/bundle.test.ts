import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledFiles } from '../../../tools/bundled-files.ts'

it('a bundle of @kd/augment alone holds no TensorFlow.js and no ONNX Runtime, and loads wink-nlp only when asked to', async () => {
  const { all, atOnce } = await bundledFiles(fileURLToPath(new URL('index.ts', import.meta.url)))
  expect(all.filter((file) => /tensorflow|onnxruntime/.test(file))).toEqual([])
  expect(all.some((file) => /wink-eng-lite-web-model/.test(file))).toBe(true)
  expect(atOnce.filter((file) => /wink-(nlp|eng)/.test(file))).toEqual([])
})
