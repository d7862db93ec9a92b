import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runReadmeExample } from '../../../tools/readme-example.ts'

it.each([0, 1])("prints what the README's example %i says", async (n) => {
  const { printed, promised } = await runReadmeExample(fileURLToPath(new URL('..', import.meta.url)), n)
  expect(printed).toBe(promised)
})
