import { pipeline, Readable } from 'node:stream'
import { KdError } from '@kd/core'
import { CsvError, parse } from 'csv-parse'
import { longestRow, type Row, type RowReader } from './row.ts'

/** RFC 4180, read by csv-parse. */
export const csvRows: RowReader = async function* csvRows(chunks, { file, delimiter }): AsyncGenerator<Row> {
  const parser = parse({ delimiter, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: longestRow })
  // What fails upstream comes out of the parser's own iteration.
  pipeline(Readable.from(chunks), parser, () => {})
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { line: info.lines - lineBreaks(record), cells: record }
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const { lines, message } = cause as CsvError & { lines?: number }
    throw new KdError({
      kind: 'data',
      what: `it is no CSV: ${message.replace(/\.$/, '')}`,
      where: { file, line: lines },
      fix: "If its quotation marks are no quoting, read it with format: 'tsv'; if it was cut off, fetch it again.",
      cause,
    })
  }
}

function lineBreaks(cells: readonly string[]): number {
  let count = 0
  for (const cell of cells) for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++
  return count
}
