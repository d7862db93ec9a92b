import { KdError, type KdErrorPlace } from '@kd/core'
import { locate } from './columns.ts'
import { checkLabelOptions, labelName } from './labels.ts'
import type { StreamOptions } from './read-options.ts'
import { formatOf, openRows } from './rows/open-rows.ts'

/** An example whose label is still the file's, mapped but without an index. */
export interface RawExample {
  readonly text: string
  readonly pair?: string
  readonly label?: string
  readonly where: KdErrorPlace
}

/** Checks all options at once, then reads as it is asked for examples. */
export function rawExamples(file: string, options: StreamOptions): AsyncGenerator<RawExample> {
  checkLabelOptions(options)
  formatOf(file, options)
  for (const [field, column] of Object.entries(options.columns ?? {})) {
    if (typeof column === 'number' && !(Number.isInteger(column) && column >= 1)) {
      throw new KdError({
        kind: 'option',
        what: `${column} is no position of a column`,
        where: { option: `columns.${field}` },
        fix: 'Positions count from 1.',
      })
    }
  }
  return read(file, options)
}

async function* read(file: string, options: StreamOptions): AsyncGenerator<RawExample> {
  const rows = openRows(file, options)
  try {
    const { value: head } = await rows.next()
    const header = (head?.cells ?? []).map((name: unknown) => String(name).trim())
    const positions = locate(header, options.columns ?? {}, file)
    const place = (line: number, position: number): KdErrorPlace => ({ file, line, column: header[position] })
    let count = 0
    for await (const { line, cells } of rows) {
      count++
      if (cells.length !== header.length) throw ragged(file, line, cells.length, header.length)
      const label = positions.label === undefined ? undefined : labelName(cells[positions.label], options, place(line, positions.label))
      yield {
        text: textOf(cells[positions.text], place(line, positions.text)),
        ...(positions.pair !== undefined && { pair: textOf(cells[positions.pair], place(line, positions.pair)) }),
        ...(label !== undefined && { label }),
        where: place(line, positions.label ?? positions.text),
      }
    }
    if (count === 0) {
      throw new KdError({ kind: 'data', what: 'the file holds a header and no example', where: { file }, fix: 'Fetch or write it again.' })
    }
  } finally {
    await rows.return(undefined)
  }
}

function textOf(cell: unknown, where: KdErrorPlace): string {
  if (typeof cell === 'string') return cell
  const found = cell === undefined ? 'nothing' : JSON.stringify(cell)
  throw new KdError({ kind: 'data', what: `a text is expected and ${found} found`, where, fix: 'Correct the row or remove it.' })
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
