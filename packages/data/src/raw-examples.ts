import { KdError, type KdErrorPlace } from '@kd/core'
import { locate } from './columns.ts'
import { checkLabelOptions, labelName } from './labels.ts'
import type { StreamOptions } from './read-options.ts'
import { formatOf } from './rows/open-rows.ts'
import { openTable } from './rows/open-table.ts'

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
  const table = await openTable(file, options)
  try {
    const { header } = table
    const { text, pair, label } = locate(header, options.columns ?? {}, file)
    const place = (line: number, position: number): KdErrorPlace => ({ file, line, column: header[position] })
    let count = 0
    for await (const { line, cells } of table.rows([text, pair, label].filter((position) => position !== undefined))) {
      count++
      const name = label === undefined ? undefined : labelName(cells[label], options, place(line, label))
      yield {
        text: textOf(cells[text], place(line, text)),
        ...(pair !== undefined && { pair: textOf(cells[pair], place(line, pair)) }),
        ...(name !== undefined && { label: name }),
        where: place(line, label ?? text),
      }
    }
    if (count === 0) {
      throw new KdError({ kind: 'data', what: 'the file holds a header and no example', where: { file }, fix: 'Fetch or write it again.' })
    }
  } finally {
    await table.close()
  }
}

function textOf(cell: unknown, where: KdErrorPlace): string {
  if (typeof cell === 'string') return cell
  const found = cell === undefined ? 'nothing' : JSON.stringify(cell)
  throw new KdError({ kind: 'data', what: `a text is expected and ${found} found`, where, fix: 'Correct the row or remove it.' })
}
