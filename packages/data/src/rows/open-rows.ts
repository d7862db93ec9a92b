import { extname } from 'node:path'
import { KdError } from '@kd/core'
import type { Format, StreamOptions } from '../read-options.ts'
import { textChunks } from '../text-chunks.ts'
import { csvRows } from './csv.ts'
import { jsonlRows } from './jsonl.ts'
import type { Row, RowReader } from './row.ts'
import { tsvRows } from './tsv.ts'

const readers: Readonly<Record<Format, RowReader>> = { tsv: tsvRows, csv: csvRows, jsonl: jsonlRows }
const endings: Readonly<Record<string, Format>> = { '.tsv': 'tsv', '.csv': 'csv', '.jsonl': 'jsonl', '.ndjson': 'jsonl' }

/** The format asked for, or the one that the file's ending tells. */
export function formatOf(file: string, { format = endings[extname(file).toLowerCase()] }: Pick<StreamOptions, 'format'>): Format {
  if (format !== undefined && Object.hasOwn(readers, format)) return format
  const known = Object.keys(readers).join(', ')
  throw new KdError({
    kind: 'option',
    what: format === undefined ? `the ending of ${file} tells no format` : `${JSON.stringify(format)} is no format`,
    where: { option: 'format' },
    fix: `Give one of ${known}.`,
  })
}

/** A file's rows; the first is the header, made of positions where the file has none. */
export async function* openRows(file: string, options: StreamOptions): AsyncGenerator<Row> {
  const { delimiter = ',', header = true } = options
  const format = formatOf(file, options)
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
