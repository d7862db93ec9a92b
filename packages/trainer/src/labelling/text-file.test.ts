import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError } from '@kd/core'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { TextFile, type TextFileOptions } from './text-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'kd-text-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

function stored(texts: readonly string[], options: TextFileOptions) {
  const file = new TextFile({ folder, ...options })
  const places = texts.map((text) => {
    const bytes = Buffer.from(text)
    return [file.add(bytes), bytes.length] as const
  })
  return { file, places }
}

it('gives every text back, from memory and from the file, in any order', () =>
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => Buffer.from(text).toString())),
      fc.integer({ min: 1, max: 100 }),
      (texts, inMemory) => {
        const { file, places } = stored(texts, { inMemory })
        for (const index of texts.map((_, index) => texts.length - 1 - index)) expect(file.text(...places[index]!)).toBe(texts[index])
        expect(file.length).toBe(Buffer.byteLength(texts.join('')))
        file.close()
      },
    ),
  ))

it('leaves nothing in the folder, even while it is open', () => {
  const { file, places } = stored(['first', 'second', 'third'], { inMemory: 6 })
  expect(readdirSync(folder)).toEqual([])
  expect(file.text(...places[0]!)).toBe('first')
  file.close()
})

it('goes on where the disk takes a part of what it is given', async () => {
  const { writeSync } = await import('node:fs')
  const write = (file: number, bytes: Uint8Array) => writeSync(file, bytes.subarray(0, 3))
  const { file, places } = stored(['first', 'second', 'third'], { inMemory: 6, write })
  expect(places.map((place) => file.text(...place))).toEqual(['first', 'second', 'third'])
  file.close()
})

it.each([
  [
    'a full disk',
    {
      write: () => {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      },
    },
    'ENOSPC',
  ],
  ['a folder that is not there', { folder: join(folder, 'none') }, 'ENOENT'],
])('%s is one clear error', (_, options, code) => {
  const act = () => stored(['first', 'second'], { inMemory: 6, ...options })
  expect(act).toThrow(KdError)
  expect(act).toThrow(new RegExp(`${code}.*kd-texts-.*TMPDIR`, 's'))
})
