import { cp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runReadmeExample } from '../../../tools/readme-example.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
beforeAll(() => cp(`${folder}fixtures/student-v1`, `${folder}my-student`, { recursive: true }))
afterAll(() => rm(`${folder}my-student`, { recursive: true, force: true }))

it.each([0, 1])("prints what the README's example %i says", async (n) => {
  const { printed, promised } = await runReadmeExample(folder, n)
  expect(printed).toBe(promised)
})
