import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readFileBytes, readJsonFile } from './read-file.ts'

let place: string
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'kd-read-'))
  await writeFile(join(place, 'good.json'), '\uFEFF{"a": [1]}')
  await writeFile(join(place, 'bad.json'), '{"a": ')
  await writeFile(join(place, 'bytes'), Uint8Array.of(1, 2, 3, 4, 5))
})
afterAll(() => rm(place, { recursive: true }))

it('reads bytes that any element type may lie on', async () => {
  const bytes = await readFileBytes(join(place, 'bytes'))
  expect([...bytes]).toEqual([1, 2, 3, 4, 5])
  expect(bytes.byteOffset % 8).toBe(0)
})

it('reads JSON, with a byte order mark or without', async () => {
  expect(await readJsonFile(join(place, 'good.json'))).toEqual({ a: [1] })
})

it.each([
  ['no-such-file', 'missing', /no such file/],
  ['bytes/below', 'missing', /no such file/],
  ['', 'io', /a folder, not a file/],
  ['bad.json', 'format', /not JSON/],
])('refuses %j with kind %s', async (name, kind, message) => {
  const file = join(place, name)
  await expect(readJsonFile(file)).rejects.toMatchObject({ kind, where: { file }, message: expect.stringMatching(message) })
})
