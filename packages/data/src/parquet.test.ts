import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTable, readExamples, streamExamples } from './index.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-parquet-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  if (!KdError.isInstance(error)) throw error ?? new Error('nothing was thrown')
  return error
}

describe('Parquet as pyarrow writes it', () => {
  const texts = Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? `row ${i}: ünïcode 😀, "quoted"\nline` : `a plain text, number ${i}`))

  it.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'v2'])('%s', async (name) => {
    const { examples, task } = await readExamples(fixture(`${name}.parquet`))
    expect(task.labels).toEqual(['0', '1', '2'])
    expect(examples).toEqual(texts.map((text, i) => ({ text, pair: `second ${i % 5}`, label: i % 3 })))
  })

  it('the columns asked for, lists too', async () => {
    const table = await openTable(fixture('zstd.parquet'))
    expect(table.header).toEqual(['idx', 'sentence', 'pair', 'label', 'scores'])
    const rows = []
    for await (const row of table.rows([0, 4])) rows.push(row)
    await table.close()
    expect(rows).toHaveLength(60)
    expect(rows[59]).toEqual({ line: 60, cells: [59, undefined, undefined, undefined, [14.75, -7.375]] })
  })

  it('large strings and booleans', async () => {
    const { examples, task } = await readExamples(fixture('large-string.parquet'))
    expect([task.labels, examples]).toEqual([
      ['false', 'true'],
      [
        { text: 'a', label: 1 },
        { text: 'b', label: 0 },
      ],
    ])
  })

  it('a stream reads one row group at a time', async () => {
    const done: number[] = []
    const stream = streamExamples(fixture('none.parquet'), { onProgress: (event) => done.push(event.done / event.total!) })
    for (let row = 0; row < 26; row++) await stream.next()
    expect(done).toEqual([expect.closeTo(25 / 60, 2)])
    await stream.return(undefined)
  })

  it('stops on request', async () => {
    const controller = new AbortController()
    const stream = streamExamples(fixture('none.parquet'), { signal: controller.signal })
    await stream.next()
    controller.abort()
    const rest = async () => {
      while (!(await stream.next()).done);
    }
    expect((await failure(rest())).kind).toBe('aborted')
  })
})

describe('bad Parquet', () => {
  it('a row without text or label says which', async () => {
    const file = fixture('missing.parquet')
    const text = await failure(readExamples(file, { columns: { label: false } }))
    expect([text.kind, text.where, text.message]).toEqual(['data', { file, line: 2, column: 'text' }, expect.stringMatching(/null found/)])
    const label = await failure(readExamples(file, { columns: { text: 'label', label: 'label' } }))
    expect([label.kind, label.where.line]).toEqual(['data', 3])
  })

  it('an unknown column shows the header', async () => {
    const error = await failure(readExamples(fixture('snappy.parquet'), { columns: { text: 'review' } }))
    expect(error.message).toMatch(/no column "review"; the header is "idx", "sentence"/)
  })

  it('a file that is none, is cut anywhere, or has damaged bytes is a KdError that names it, or gives whole rows', async () => {
    const bytes = await readFile(fixture('gzip.parquet'))
    const file = join(folder, 'damaged.parquet')
    await writeFile(file, 'text,label\na,b\n')
    expect([(await failure(readExamples(file))).kind, (await failure(readExamples(file))).where.file]).toEqual(['data', file])
    for (let length = 0; length < bytes.length; length += 97) {
      await writeFile(file, bytes.subarray(0, length))
      const error = await failure(readExamples(file))
      expect([error.kind, error.where.file], `${length} bytes`).toEqual(['data', file])
    }
    for (let at = 0; at < bytes.length; at += 41) {
      const changed = Buffer.from(bytes)
      changed[at] = changed[at]! ^ 0x55
      await writeFile(file, changed)
      const error = await readExamples(file).then(
        () => undefined,
        (error) => error,
      )
      expect(error === undefined || (KdError.isInstance(error) && error.where.file === file), `byte ${at}: ${error}`).toBe(true)
    }
  })

  it('a missing file and a folder', async () => {
    expect((await failure(readExamples(join(folder, 'none.parquet')))).kind).toBe('missing')
    expect((await failure(readExamples(folder, { format: 'parquet' }))).kind).toBe('io')
  })

  it('read as text it says what it is', async () => {
    const error = await failure(readExamples(fixture('none.parquet'), { format: 'csv' }))
    expect(error.message).toMatch(/Parquet file.*format: 'parquet'/)
  })
})
