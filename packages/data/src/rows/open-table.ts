import { KdError } from '@kd/core'
import type { TableOptions } from '../read-options.ts'
import { formatOf, openRows } from './open-rows.ts'
import type { Row } from './row.ts'

/** A file of rows that all have the header's columns. Read it once, or close it. */
export interface Table {
  readonly header: readonly string[]
  /** The rows, one by one. @param only positions of the columns that are needed: others may stay unread */
  rows(only?: readonly number[]): AsyncGenerator<Row>
  close(): Promise<void>
}

/**
 * Opens a TSV, CSV, JSONL or Parquet file and reads its header; rows follow in memory that does not grow with the
 * file (Parquet: with its row groups).
 * @throws KdError of kind `option`, `missing`, `io`, `aborted`, or `data` with file, line and column
 */
export async function openTable(file: string, options: TableOptions = {}): Promise<Table> {
  if (formatOf(file, options) === 'parquet') {
    // Its decoders are loaded by those who read Parquet only.
    const { openParquet } = await import('./parquet.ts')
    return openParquet(file, options)
  }
  const rows = openRows(file, options)
  const { value: head } = await rows.next()
  const header = (head?.cells ?? []).map((name: unknown) => String(name).trim())
  return { header, rows: () => even(file, rows, header.length, options), close: async () => void (await rows.return(undefined)) }
}

async function* even(file: string, rows: AsyncGenerator<Row>, columns: number, { incomplete }: TableOptions): AsyncGenerator<Row> {
  for await (const row of rows) {
    if (row.cells.length < columns && incomplete === 'skip') continue
    if (row.cells.length !== columns) throw ragged(file, row.line, row.cells.length, columns)
    yield row
  }
}

function ragged(file: string, line: number, found: number, expected: number): KdError {
  const fix =
    found < expected
      ? 'The line was cut off, or its text holds a line break: correct or remove it.'
      : "A text holds the delimiter: correct or remove it; quoted cells need format: 'csv'."
  return new KdError({
    kind: 'data',
    what: `the row has ${found} ${found === 1 ? 'column' : 'columns'}, the header has ${expected}`,
    where: { file, line, column: Math.min(found, expected) },
    fix,
  })
}
