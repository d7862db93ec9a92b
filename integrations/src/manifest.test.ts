import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, it } from 'vitest'

/** Ways to import that an ESM package doesn't serve. */
const notServed = ['node10', 'node16-cjs']

/** Entries without types. */
const untyped = ['./kernels.wasm']

describe.each(inject('packed'))('$manifest.name, packed', ({ file, manifest }) => {
  const tarball = readFileSync(file)

  it('publint finds nothing', async () => {
    const { messages } = await publint({ pack: { tarball: Uint8Array.from(tarball).buffer }, strict: true })
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
  })

  it('its types are what is there, however it is imported', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(tarball), { excludeEntrypoints: untyped })
    if (!analysis.types) throw new Error('no types')
    expect(analysis.problems.filter((problem) => !('resolutionKind' in problem && notServed.includes(problem.resolutionKind)))).toEqual([])
  })
})
