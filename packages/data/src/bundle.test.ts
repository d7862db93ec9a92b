import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledFiles } from '../../../tools/bundled-files.ts'

it('a bundle of @kd/data alone holds no TensorFlow.js and no ONNX Runtime', async () => {
  const { all: files } = await bundledFiles(fileURLToPath(new URL('index.ts', import.meta.url)))
  expect(files.some((file) => file.endsWith('core/src/error.ts'))).toBe(true)
  expect(files.filter((file) => /tensorflow|onnxruntime|wink/.test(file))).toEqual([])
})
