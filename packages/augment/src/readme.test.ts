import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runExamples } from '../../../tools/readme-example.ts'

it("prints what the README's examples say", async () => {
  const folder = fileURLToPath(new URL('..', import.meta.url))
  const examples = await runExamples(join(folder, 'README.md'), folder)
  expect(examples.map(({ printed }) => printed)).toEqual(examples.map(({ promised }) => promised))
})
