import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError } from '@kd/core'
import { FailingFileSystem } from '@kd/core/test'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cell, type Column, openTable, writeTable } from './index.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-table-'))
})
afterEach(() => rm(folder, { recursive: true }))

const columns: readonly Column[] = [
  { name: 'text', type: 'text' },
  { name: 'a, "quoted" name', type: 'text' },
  { name: 'logit_0', type: 'float' },
]

async function readAll(file: string): Promise<unknown[][]> {
  const table = await openTable(file)
  const rows: unknown[][] = []
  for await (const { cells } of table.rows()) rows.push([...cells])
  return [[...table.header], ...rows]
}

/** What a reader makes of a cell: CSV knows texts only. */
const asRead = (cell: Cell | undefined, format: string): unknown => {
  if (format !== 'csv') return cell
  return cell === null ? '' : Object.is(cell, -0) ? '-0' : String(cell)
}

describe.each(['csv', 'jsonl', 'parquet'])('%s', (format) => {
  it('gives back every text and every float bit for bit', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\0\ufeff]/.test(text)),
            fc.option(fc.constantFrom('x', ' y ', 'two\nlines', 'a,b', '"')),
            fc.float({ noNaN: true, noDefaultInfinity: true }),
          ),
          { minLength: 1, maxLength: 20 },
        ),
        async (rows) => {
          const file = join(folder, `table.${format}`)
          expect(await writeTable(file, columns, rows)).toBe(rows.length)
          const [header, ...found] = await readAll(file)
          expect(header).toEqual(columns.map(({ name }) => name))
          expect(found).toEqual(rows.map((row) => row.map((cell) => asRead(cell, format))))
        },
      ),
      { numRuns: 25 },
    ))

  it('many rows, in their order', async () => {
    const file = join(folder, `many.${format}`)
    function* rows(): Generator<Cell[]> {
      for (let row = 0; row < 17_000; row++) yield [`text ${row}`, null, row / 8]
    }
    expect(await writeTable(file, columns, rows())).toBe(17_000)
    const table = await openTable(file)
    let row = 0
    for await (const { cells } of table.rows([0, 2])) {
      expect(cells[0] === `text ${row}` && Number(cells[2]) === row / 8).toBe(true)
      row++
    }
    expect(row).toBe(17_000)
  })

  it('is whole or not there', async () => {
    const file = join(folder, `table.${format}`)
    await writeFile(file, 'old')
    async function* broken(): AsyncGenerator<Cell[]> {
      yield ['a', 'b', 1]
      throw new KdError({ kind: 'format', what: 'the source is damaged' })
    }
    await expect(writeTable(file, columns, broken())).rejects.toThrow(/the source is damaged/)
    for (const failAt of [2, 3]) {
      const fileSystem = new FailingFileSystem(failAt)
      await expect(writeTable(file, columns, [['a', 'b', 1]], { fileSystem })).rejects.toThrow(/ENOSPC/)
    }
    await expect(writeTable(file, columns, [['a', 'b', 1]], { signal: AbortSignal.abort() })).rejects.toThrow(/stopped/)
    expect([await readFile(file, 'utf8'), await readdir(folder)]).toEqual(['old', [`table.${format}`]])
  })
})

it('refuses formats that cannot hold every text', async () => {
  await expect(writeTable(join(folder, 'table.tsv'), columns, [])).rejects.toThrow(/csv, jsonl, parquet/)
  await expect(writeTable(join(folder, 'table.txt'), columns, [])).rejects.toThrow(/option format/)
  expect(existsSync(join(folder, 'table.tsv'))).toBe(false)
})
