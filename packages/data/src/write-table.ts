import { KdError, throwIfAborted } from '@kd/core'
import { type FileSystem, writeFileAtomic } from '@kd/core/node'
import type { Format } from './read-options.ts'
import { formatOf } from './rows/open-rows.ts'
import { csvPieces } from './writers/csv.ts'
import { jsonlPieces } from './writers/jsonl.ts'
import type { Cell, Column, PiecesOf } from './writers/writer.ts'

export interface WriteTableOptions {
  /** `csv`, `jsonl` or `parquet`. Default: by the file's ending. */
  format?: Format
  signal?: AbortSignal
  fileSystem?: FileSystem
}

/**
 * Writes rows to a CSV (RFC 4180), JSONL or Parquet file, whole or not at all, in memory that does not grow with them.
 * @param rows cells in the order of `columns`; null where there is none
 * @returns how many rows were written
 * @throws KdError of kind `option`, `io`, `aborted`, or whatever `rows` fail with
 */
export async function writeTable(
  file: string,
  columns: readonly Column[],
  rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>,
  options: WriteTableOptions = {},
): Promise<number> {
  const { signal, fileSystem } = options
  const pieces = await piecesFor(formatOf(file, options))
  let count = 0
  async function* counted(): AsyncGenerator<readonly Cell[]> {
    for await (const row of rows) {
      if (count++ % 1024 === 0) throwIfAborted(signal)
      yield row
    }
  }
  await writeFileAtomic(file, pieces(columns, counted()), { fileSystem })
  return count
}

async function piecesFor(format: Format): Promise<PiecesOf> {
  if (format === 'csv') return csvPieces
  if (format === 'jsonl') return jsonlPieces
  if (format === 'parquet') return (await import('./writers/parquet.ts')).parquetPieces
  throw new KdError({
    kind: 'option',
    what: 'a TSV without quoting cannot hold every text',
    where: { option: 'format' },
    fix: 'Give one of csv, jsonl, parquet.',
  })
}
