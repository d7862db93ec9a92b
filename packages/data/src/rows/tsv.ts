import { lines } from './lines.ts'
import type { Row, RowReader } from './row.ts'

/** GLUE's files: no quoting, no escapes, so a line is split at its tabs and that is all. */
export const tsvRows: RowReader = async function* tsvRows(chunks, { file }): AsyncGenerator<Row> {
  for await (const { line, text } of lines(chunks, file)) {
    if (text !== '') yield { line, cells: text.split('\t') }
  }
}
