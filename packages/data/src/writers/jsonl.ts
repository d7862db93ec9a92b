import { type Cell, digits, encoded, type PiecesOf } from './writer.ts'

/** One object a line, all with all keys. */
export const jsonlPieces: PiecesOf = (columns, rows) => encoded(lines(columns, rows))

async function* lines(...[columns, rows]: Parameters<PiecesOf>): AsyncGenerator<string> {
  const keys = columns.map(({ name }) => JSON.stringify(name))
  for await (const row of rows) yield `{${row.map((cell, index) => `${keys[index]}:${cellText(cell)}`).join(',')}}`
}

const cellText = (cell: Cell): string => (typeof cell === 'number' ? digits(cell) : JSON.stringify(cell))
