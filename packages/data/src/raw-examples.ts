import { KdError, type KdErrorPlace } from '@kd/core'
import { locate, otherColumn } from './columns.ts'
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
  /** What to do where the label's column turns out to be the wrong one. */
  readonly otherLabel: () => string
}

/** Texts that are numbers, one after the other from the first on, that tell a wrong column. */
const numbersThatTell = 20

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
    const otherLabel = () => otherColumn(header, 'label', label!)
    const textOf = { text: textReader(header, 'text', text), pair: textReader(header, 'pair', pair ?? text) }
    let count = 0
    for await (const { line, cells } of table.rows([text, pair, label].filter((position) => position !== undefined))) {
      count++
      const name = label === undefined ? undefined : labelName(cells[label], options, place(line, label))
      yield {
        text: textOf.text(cells[text], place(line, text)),
        ...(pair !== undefined && { pair: textOf.pair(cells[pair], place(line, pair)) }),
        ...(name !== undefined && { label: name }),
        where: place(line, label ?? text),
        otherLabel,
      }
    }
    if (count === 0) {
      throw new KdError({ kind: 'data', what: 'the file holds a header and no example', where: { file }, fix: 'Fetch or write it again.' })
    }
  } finally {
    await table.close()
  }
}

/** Reads a field's texts; refuses what is no text, and a column of numbers. */
function textReader(header: readonly string[], field: 'text' | 'pair', position: number) {
  let numbers = 0
  return (cell: unknown, where: KdErrorPlace): string => {
    const refused = (what: string, fix = '') =>
      new KdError({ kind: 'data', what, where, fix: `${fix}${otherColumn(header, field, position)}` })
    if (typeof cell !== 'string') {
      const found = cell === undefined ? 'nothing' : JSON.stringify(cell)
      throw refused(`a text is expected and ${found} found`, 'Correct the row or remove it. ')
    }
    if (numbers >= 0) numbers = /^\s*-?\d+([.,]\d+)?\s*$/.test(cell) ? numbers + 1 : -1
    if (numbers === numbersThatTell) throw refused(`the first ${numbersThatTell} texts are numbers, the last of them ${cell.trim()}`)
    return cell
  }
}
