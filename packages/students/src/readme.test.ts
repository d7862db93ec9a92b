import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { runReadmeExample } from '../../../tools/readme-example.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
afterAll(() => rm(`${folder}my-student`, { recursive: true, force: true }))

it("prints what the README's example says", async () => {
  const { printed, promised } = await runReadmeExample(folder)
  expect(printed).toBe(promised)
})
