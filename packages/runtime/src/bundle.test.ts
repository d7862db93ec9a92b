import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bundledSize } from '../../../tools/bundled-size.ts'

test('to load and ask a student takes at most 10,000 bytes after gzip, its WebAssembly included', async () => {
  const { atOnce, later } = await bundledSize(fileURLToPath(new URL('serve/load.ts', import.meta.url)))
  expect(atOnce).toBeLessThanOrEqual(10_000)
  // Loaded where they are needed: for pairs, where WebAssembly is forbidden, for folders in single precision.
  expect(Object.keys(later).sort()).toEqual(['compare.ts', 'javascript-kernels.ts', 'single-precision.ts'])
  expect(later['javascript-kernels.ts']).toBeLessThan(1500)
  expect(later['compare.ts']).toBeLessThan(1200)
})
