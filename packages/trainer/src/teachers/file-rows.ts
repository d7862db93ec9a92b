import { KdError, type KdErrorPlace } from '@kd/core'
import { openTable, type TableOptions } from '@kd/data'
import { textHash } from '../store/text-hash.ts'
import { excerpt } from './answers.ts'
import { type AnswerPlaces, type FileColumns, locateAnswers } from './file-columns.ts'

/** One row of a file of answers, not yet understood. */
export interface FileRow {
  readonly key: Uint8Array
  /** A list or object of numbers, or the name of a class. */
  readonly answer: unknown
  readonly confidence: number | undefined
  readonly where: KdErrorPlace
}

export interface FileRowsOptions extends Pick<TableOptions, 'format' | 'delimiter' | 'signal' | 'onProgress'> {
  columns?: FileColumns
  /** What stands in place of an answer where a text has none. */
  unanswered?: string
}

/** A file's rows with an answer, and where they were found. `onSkip` is called for each that has none. */
export async function* fileRows(
  file: string,
  { columns = {}, unanswered, ...reading }: FileRowsOptions,
  onPlaces: (places: AnswerPlaces) => void,
  onSkip: () => void,
): AsyncGenerator<FileRow> {
  const table = await openTable(file, reading)
  try {
    const places = locateAnswers(table.header, columns, file)
    onPlaces(places)
    const { text, pair, whole, classes, confidence } = places
    const wanted = [text, pair, whole, confidence, ...(classes ?? [])].filter((position) => position !== undefined)
    for await (const { line, cells } of table.rows(wanted)) {
      const where = (position: number): KdErrorPlace => ({ file, line, column: table.header[position] })
      const answerAt = whole ?? classes![0]!
      if (isUnanswered(cells[answerAt], unanswered)) {
        onSkip()
        continue
      }
      const textIn = (position: number) => textOf(cells[position], where(position))
      yield {
        key: textHash({ text: textIn(text), ...(pair !== undefined && { pair: textIn(pair) }) }),
        answer: classes
          ? classes.map((position) => numberOf(cells[position], where(position)))
          : parsed(cells[whole!], places, where(whole!)),
        confidence: confidence === undefined ? undefined : numberOf(cells[confidence], where(confidence)),
        where: where(answerAt),
      }
    }
  } finally {
    await table.close()
  }
}

const isUnanswered = (cell: unknown, unanswered: string | undefined): boolean =>
  unanswered !== undefined && (typeof cell === 'string' ? cell.trim() === unanswered : cell == null && unanswered === '')

/** A list of numbers in a CSV cell is written as JSON. */
function parsed(cell: unknown, { kind }: AnswerPlaces, where: KdErrorPlace): unknown {
  if (kind === 'labels' || typeof cell !== 'string') return cell
  try {
    return JSON.parse(cell)
  } catch (cause) {
    throw new KdError({
      kind: 'data',
      what: `${excerpt(cell)} is no list of ${kind}`,
      where,
      fix: 'A cell holds them as JSON, such as [0.9, 0.1]; or give each class a column of its own.',
      cause,
    })
  }
}

function textOf(cell: unknown, where: KdErrorPlace): string {
  if (typeof cell === 'string') return cell
  throw new KdError({ kind: 'data', what: `a text is expected and ${excerpt(cell)} found`, where, fix: 'Correct the row or remove it.' })
}

function numberOf(cell: unknown, where: KdErrorPlace): number {
  const number = typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : cell
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new KdError({
    kind: 'data',
    what: `a number is expected and ${excerpt(cell)} found`,
    where,
    fix: "Correct the row or remove it; where answers may be absent: unanswered: ''.",
  })
}
