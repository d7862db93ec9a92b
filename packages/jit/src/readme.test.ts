import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runExamples, runReadmeExample } from '../../../tools/readme-example.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))

it("prints what the README's example says", async () => {
  const { printed, promised } = await runReadmeExample(folder)
  expect(printed).toBe(promised)
})

it('the miniature of docs/jit.md works', async () => {
  const [example] = await runExamples(fileURLToPath(new URL('../../../docs/jit.md', import.meta.url)), folder)
  expect(example!.printed).toBe(example!.promised)
})
