import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { pages, refuse, refuseKernel } from './refuse.ts'

it('a refusal ends with the page of the package that says more', () => {
  expect(refuseKernel('StringSplit').message).toMatch(/StringSplit.*refuse\.test\.ts:\d+.*\(see @kd\/jit\/OPS\.md\)\.$/)
  expect(refuse('no', 'Do it outside.').fix).toBe('Do it outside (see @kd/jit/README.md#what-it-refuses).')
})

it.each(Object.values(pages))('the page %s is in the package', async (page) => {
  const [file, heading] = page.split('#') as [string, string | undefined]
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, title]) => title!.toLowerCase().replaceAll(' ', '-'))
  if (heading !== undefined) expect(headings).toContain(heading)
})
