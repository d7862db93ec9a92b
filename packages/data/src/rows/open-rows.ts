import { extname } from 'node:path'
import { KdError } from '@kd/core'
import type { Format, TableOptions } from '../read-options.ts'
import { textChunks } from '../text-chunks.ts'
import { csvRows } from './csv.ts'
import { jsonlRows } from './jsonl.ts'
import type { Row, RowReader } from './row.ts'
import { tsvRows } from './tsv.ts'

const readers: Readonly<Record<Exclude<Format, 'parquet'>, RowReader>> = { tsv: tsvRows, csv: csvRows, jsonl: jsonlRows }
const formats: readonly Format[] = ['tsv', 'csv', 'jsonl', 'parquet']
const endings: Readonly<Record<string, Format>> = {
  '.tsv': 'tsv',
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
}

/** The format asked for, or the one that the file's ending tells. */
export function formatOf(file: string, { format = endings[extname(file).toLowerCase()] }: Pick<TableOptions, 'format'>): Format {
  if (format !== undefined && formats.includes(format)) return format
  throw new KdError({
    kind: 'option',
    what: format === undefined ? `the ending of ${file} tells no format` : `${JSON.stringify(format)} is no format`,
    where: { option: 'format' },
    fix: `Give one of ${formats.join(', ')}.`,
  })
}

/** A text file's rows; the first is the header, made of positions where the file has none. */
export async function* openRows(file: string, options: TableOptions): AsyncGenerator<Row> {
  const { delimiter = ',', header = true } = options
  const format = formatOf(file, options) as keyof typeof readers
  let first = true
  for await (const row of readers[format](textChunks(file, options), { file, delimiter })) {
    if (first && !header && format !== 'jsonl') yield { line: 0, cells: row.cells.map((_, i) => String(i + 1)) }
    first = false
    yield row
  }
  if (first) {
    throw new KdError({ kind: 'data', what: 'the file is empty', where: { file }, fix: 'Fetch or write it again.' })
  }
}
