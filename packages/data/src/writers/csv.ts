import { type Cell, digits, encoded, type PiecesOf } from './writer.ts'

/** RFC 4180, with a header. */
export const csvPieces: PiecesOf = (columns, rows) => encoded(lines(columns, rows))

async function* lines(...[columns, rows]: Parameters<PiecesOf>): AsyncGenerator<string> {
  yield columns.map(({ name }) => quoted(name)).join(',')
  for await (const row of rows) yield row.map(cellText).join(',')
}

const cellText = (cell: Cell): string => (cell === null ? '' : typeof cell === 'number' ? digits(cell) : quoted(cell))

/** An empty text is quoted, so that a row of one empty cell is no empty line. */
const quoted = (text: string): string => (text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
