import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runReadmeExample } from '../../../tools/readme-example.ts'

it("prints what the README's example says", async () => {
  const { printed, promised } = await runReadmeExample(fileURLToPath(new URL('..', import.meta.url)))
  expect(printed).toBe(promised)
})
