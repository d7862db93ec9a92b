import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, KdError } from '@kd/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportLogits } from './export-logits.ts'
import { importLogits } from './import-logits.ts'
import { openLogitStore } from './lmdb-store.ts'
import { textHash } from './text-hash.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-export-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const teacher = { name: 'a', fingerprint: 'a@1', labels: ['no', 'so, so', 'yes'] }
const examples: Example[] = [
  { text: 'plain', pair: 'second' },
  { text: ' with "quotes", commas\nand lines ', pair: '' },
  { text: '', pair: 'ü 😀' },
  ...Array.from({ length: 5000 }, (_, index) => ({ text: `text ${index}`, pair: `pair ${index}` })),
]
const special = [0.1, -0, 1e-42, 3.4e38, -1 / 3, 16777217]
const logits = Float32Array.from({ length: 3 * examples.length }, (_, index) => special[index] ?? Math.sin(index))

function open(name: string, labels = teacher.labels) {
  return openLogitStore(join(folder, name), { ...teacher, labels })
}

async function filled(): Promise<ReturnType<typeof open>> {
  const store = open('from.lmdb')
  store.write(examples.map(textHash), logits)
  return store
}

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  if (!KdError.isInstance(error)) throw error ?? new Error('nothing was thrown')
  return error
}

const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

describe.each(['parquet', 'jsonl', 'csv'])('%s', (format) => {
  it.each(['keys', 'texts'])('out by %s and in again, bit for bit', async (by) => {
    const from = await filled()
    const file = join(folder, `logits.${format}`)
    const rows = await exportLogits(from, file, by === 'texts' ? { examples } : {})
    expect(rows).toBe(examples.length)
    const into = open('into.lmdb')
    expect(await importLogits(into, file)).toEqual({ rows, added: rows })
    expect(await importLogits(into, file)).toEqual({ rows, added: 0 })
    expect([...into.rows()]).toEqual([...from.rows()])
    const found = new Float32Array(3)
    examples.slice(0, 10).forEach((example, row) => {
      expect(into.read(textHash(example), found)).toBe(true)
      expect(Buffer.from(found.buffer)).toEqual(Buffer.from(logits.slice(3 * row, 3 * row + 3).buffer))
    })
    await Promise.all([from.close(), into.close()])
  })
})

describe('exportLogits', () => {
  it('writes the texts that have logits, and reports how far it is', async () => {
    const store = open('some.lmdb')
    store.write([textHash({ text: 'a' })], Float32Array.of(1, 2, 3))
    const file = join(folder, 'some.csv')
    const done: number[] = []
    const some = [{ text: 'b' }, { text: 'a', label: 1 }, { text: 'c' }]
    expect(await exportLogits(store, file, { examples: some, onProgress: (event) => done.push(event.done) })).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe('text,logit_no,"logit_so, so",logit_yes\na,1,2,3\n')
    expect(done).toEqual([1])
    expect((await failure(exportLogits(store, file, { signal: AbortSignal.abort() }))).kind).toBe('aborted')
    expect(readFileSync(file, 'utf8')).toContain('a,1,2,3')
    await store.close()
  })
})

describe('importLogits', () => {
  const bad: [string, string, RegExp, number?][] = [
    ['a label is missing', 'key,logit_no,logit_yes\n', /labels are no, so-so, yes and the file has logits of no, yes; its header is/],
    ['a label too many', 'text,logit_no,logit_so-so,logit_yes,logit_x\na,1,2,3,4\n', /logits of no, so-so, yes, x/],
    [
      'neither key nor text',
      'sentence,logit_no,logit_so-so,logit_yes\na,1,2,3\n',
      /no column "key" or "text".*columns: { text: "sentence" }/,
    ],
    ['a key that is none', 'key,logit_no,logit_so-so,logit_yes\nABC,1,2,3\n', /32 hexadecimal digits is expected and "ABC"/, 2],
    ['no number', 'text,logit_no,logit_so-so,logit_yes\na,1,2,3\nb,1,,3\n', /a logit is expected and "" found/, 3],
    ['not finite', 'text,logit_no,logit_so-so,logit_yes\na,1,2,3\nb,1,NaN,3\n', /a logit is expected and "NaN" found/, 3],
    ['beyond fp32', 'text,logit_no,logit_so-so,logit_yes\na,1,1e39,3\n', /a logit is expected and "1e39" found/, 2],
    ['a short row at the end', 'text,logit_no,logit_so-so,logit_yes\na,1,2,3\nb,1,2\n', /the row has 3 columns/, 3],
  ]
  it.each(bad)('%s: an error with file and line, and nothing is stored', async (_, contents, message, line) => {
    const store = open('into.lmdb', ['no', 'so-so', 'yes'])
    store.write([textHash({ text: 'before' })], new Float32Array(3))
    const before = digest(store.file)
    const file = join(folder, 'bad.csv')
    writeFileSync(file, contents)
    const error = await failure(importLogits(store, file))
    expect([error.where.file, error.fix === undefined]).toEqual([file, false])
    expect(error.message).toMatch(message)
    if (line !== undefined) expect(error.where.line).toBe(line)
    expect([store.length, digest(store.file)]).toEqual([1, before])
    await store.close()
  })

  it('takes columns of any names, in any order', async () => {
    const store = open('into.lmdb', ['no', 'yes'])
    const file = join(folder, 'other.csv')
    writeFileSync(file, 'logit_yes;q2;logit_no;q1\n2;how?;1;why?\n')
    await importLogits(store, file, { delimiter: ';', columns: { text: 'q1', pair: 'q2' } })
    const found = new Float32Array(2)
    expect([store.read(textHash({ text: 'why?', pair: 'how?' }), found), ...found]).toEqual([true, 1, 2])
    expect((await failure(importLogits(store, file, { delimiter: ';', columns: { text: 'q3' } }))).message).toMatch(/no column "q3"/)
    await store.close()
  })
})
