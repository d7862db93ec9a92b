import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readVectors } from './read-vectors.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-vectors-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function fileOf(text: string | Uint8Array): Promise<string> {
  const file = join(folder, 'vectors.txt')
  await writeFile(file, text)
  return file
}
const { NaN: none } = Number

test.each([
  ['GloVe', 'the 0.5 -1 2e-1\nfilm 1 2 3\n'],
  ['without a last line break', 'the 0.5 -1 2e-1\nfilm 1 2 3'],
  ['word2vec, with a header and trailing spaces', '2 3\nthe 0.5 -1 2e-1 \nfilm 1 2 3 \n'],
  ['CRLF', 'the 0.5 -1 2e-1\r\nfilm 1 2 3\r\n'],
])('%s', async (_, text) => {
  const vectors = await readVectors(await fileOf(text))
  expect(vectors).toMatchObject({ name: 'vectors.txt', dimensions: 3 })
  expect(await vectors.vectorsFor(['film', 'unknown', 'the', 'film'])).toEqual(
    Float32Array.of(1, 2, 3, none, none, none, 0.5, -1, 0.2, 1, 2, 3),
  )
  expect(await vectors.vectorsFor([])).toEqual(new Float32Array(0))
})

test('words with spaces, of other scripts, and with capitals', async () => {
  const vectors = await readVectors(await fileOf('. 1 1\n. . . 2 2\ncafé 3 3\nParis 4 4\nPARIS 5 5\nRome 6 6\nrome 7 7\nnew york 8 8\n'))
  expect([...(await vectors.vectorsFor(['.', 'café', 'paris', 'rome', '. . .', 'new', 'PARIS']))]).toEqual([
    1,
    1,
    3,
    3,
    4,
    4,
    7,
    7,
    2,
    2,
    none,
    none,
    5,
    5,
  ])
})

test.each([
  ['nothing', '', 1, /empty/],
  ['prose', 'It was a dark night\nand so on\n', 1, /should stand there/],
  ['one word', 'the\n', 1, /should stand there/],
  ['too few numbers', 'a 1 2\nfilm 1\n', 2, /2 fields/],
  ['something else than numbers', 'a 1 2\nb 1 2\nfilm 1 two\n', 3, /numbers/],
  ['infinity', 'a 1 2\nfilm 1 Infinity\n', 2, /numbers/],
  ['a last line that was cut', 'a 1 2\nfilm 1 2\nother 1', 3, /2 fields/],
  ['fewer words than its header says', '3 2\na 1 2\nfilm 1 2\n', undefined, /promises 3 vectors, it has 2/],
])('refuses %s', async (_, text, line, message) => {
  const file = await fileOf(text)
  const read = readVectors(file).then((vectors) => vectors.vectorsFor(['film']))
  await expect(read).rejects.toMatchObject({
    name: 'KdError',
    kind: 'format',
    message: expect.stringMatching(message),
    where: { file, line },
    fix: expect.any(String),
  })
})

test('refuses a missing file, a folder and a binary one', async () => {
  await expect(readVectors(join(folder, 'nowhere'))).rejects.toMatchObject({ kind: 'missing' })
  await expect(readVectors(folder)).rejects.toMatchObject({ kind: 'io' })
  await expect(readVectors(await fileOf(new Uint8Array(3_000_000).fill(7)))).rejects.toMatchObject({ kind: 'format' })
})

test('any numbers in any pieces come back', async () => {
  const row = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), fc.boolean(), async (rows, header) => {
      const lines = rows.map((numbers, index) => `w${index} ${numbers.join(' ')}`)
      if (header) lines.unshift(`${rows.length} 4`)
      const vectors = await readVectors(await fileOf(`${lines.join('\n')}\n`))
      expect(await vectors.vectorsFor(rows.map((_, index) => `w${index}`))).toEqual(Float32Array.from(rows.flat(), (value) => value + 0))
    }),
    { numRuns: 50 },
  )
})

test('a file of many pieces: only what is asked for is kept', async () => {
  const lines = Array.from({ length: 40_000 }, (_, index) => `w${index} ${index} ${index * 2} ${index * 3}`)
  const vectors = await readVectors(await fileOf(`${lines.join('\n')}\n`))
  expect([...(await vectors.vectorsFor(['w39999', 'w0', 'w20000']))]).toEqual([39999, 79998, 119997, 0, 0, 0, 20000, 40000, 60000])
})
