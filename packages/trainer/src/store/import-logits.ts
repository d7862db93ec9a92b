import { setImmediate } from 'node:timers/promises'
import { KdError, type KdErrorPlace, type OnProgress } from '@kd/core'
import { openTable, type Row, type Table, type TableOptions } from '@kd/data'
import { locateLogits } from './logit-columns.ts'
import type { LogitFile } from './logit-store.ts'
import { hashBytes, textHash } from './text-hash.ts'

export interface ImportOptions extends Pick<TableOptions, 'format' | 'delimiter' | 'signal'> {
  /** Names of the columns. Default: `key` where the file has it, else `text`, and `pair` where it has that. */
  columns?: { readonly key?: string; readonly text?: string; readonly pair?: string }
  /** Stage `read`, in bytes; the file is read twice. */
  onProgress?: OnProgress
}

export interface ImportCounts {
  readonly rows: number
  /** Texts that had no logits before. Those that had some keep them. */
  readonly added: number
}

const rowsAtOnce = 4096

/**
 * Stores the logits of a Parquet, JSONL, CSV or TSV file as `exportLogits` writes it. All of the file is checked before
 * the first row is stored. Rows in the order of their keys make the smallest store.
 * @throws KdError of kind `mismatch` where its labels are not the store's, `data` for a bad row, with file, line and
 *   column, `option`, `missing`, `io`, `aborted`
 */
export async function importLogits(store: LogitFile, file: string, options: ImportOptions = {}): Promise<ImportCounts> {
  for await (const _ of logitRows(store, file, options));
  const before = store.length
  const classes = store.teacher.labels.length
  let rows = 0
  let keys: Uint8Array[] = []
  let logits = new Float32Array(rowsAtOnce * classes)
  const write = async () => {
    store.write(keys, logits)
    keys = []
    logits = new Float32Array(rowsAtOnce * classes)
    await setImmediate()
  }
  for await (const row of logitRows(store, file, options)) {
    logits.set(row.logits, keys.length * classes)
    keys.push(row.key)
    rows++
    if (keys.length === rowsAtOnce) await write()
  }
  if (keys.length > 0) await write()
  return { rows, added: store.length - before }
}

async function* logitRows(store: LogitFile, file: string, options: ImportOptions): AsyncGenerator<{ key: Uint8Array; logits: number[] }> {
  const { columns, ...reading } = options
  const table = await openTable(file, reading)
  try {
    const positions = locateLogits(table.header, store.teacher.labels, file)
    const keyOf = keyReader(table, columns, file)
    for await (const row of table.rows([...keyOf.columns, ...positions])) {
      const logits = positions.map((position) => numberIn(row, position, { file, line: row.line, column: table.header[position] }))
      yield { key: keyOf.read(row), logits }
    }
  } finally {
    await table.close()
  }
}

/** How a row's key is found: as it stands there, or from its text. */
function keyReader(
  { header }: Table,
  columns: ImportOptions['columns'] = {},
  file: string,
): { columns: number[]; read: (row: Row) => Uint8Array } {
  const find = (asked: string | undefined, usual: string): number => {
    const position = header.indexOf(asked ?? usual)
    if (position >= 0 || asked === undefined) return position
    throw noColumn(asked, header, file)
  }
  const place = ({ line }: Row, position: number) => ({ file, line, column: header[position] })
  const key = columns.text === undefined ? find(columns.key, 'key') : -1
  if (key >= 0) return { columns: [key], read: (row) => keyIn(row, key, place(row, key)) }
  const text = find(columns.text, 'text')
  if (text < 0) throw noColumn('key" or "text', header, file)
  const pair = find(columns.pair, 'pair')
  return {
    columns: pair < 0 ? [text] : [text, pair],
    read: (row) => textHash({ text: textIn(row, text, place(row, text)), ...(pair >= 0 && { pair: textIn(row, pair, place(row, pair)) }) }),
  }
}

function noColumn(name: string, header: readonly string[], file: string): KdError {
  return new KdError({
    kind: 'data',
    what: `there is no column "${name}"; the header is ${header.map((column) => JSON.stringify(column)).join(', ')}`,
    where: { file, line: 1 },
    fix: `Say where the texts stand: columns: { text: ${JSON.stringify(header[0])} }.`,
  })
}

function keyIn({ cells }: Row, position: number, where: KdErrorPlace): Uint8Array {
  const cell = cells[position]
  if (typeof cell === 'string' && cell.length === 2 * hashBytes && /^[0-9a-f]+$/.test(cell)) return Buffer.from(cell, 'hex')
  throw new KdError({
    kind: 'data',
    what: `a key of ${2 * hashBytes} hexadecimal digits is expected and ${JSON.stringify(cell)} found`,
    where,
    fix: 'Export the logits again, or give the texts themselves: columns: { text: ... }.',
  })
}

function textIn({ cells }: Row, position: number, where: KdErrorPlace): string {
  const cell = cells[position]
  if (typeof cell === 'string') return cell
  throw new KdError({
    kind: 'data',
    what: `a text is expected and ${JSON.stringify(cell)} found`,
    where,
    fix: 'Correct the row or remove it.',
  })
}

function numberIn({ cells }: Row, position: number, where: KdErrorPlace): number {
  const cell = cells[position]
  const number = typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : cell
  if (typeof number === 'number' && Number.isFinite(Math.fround(number))) return number
  throw new KdError({
    kind: 'data',
    what: `a logit is expected and ${JSON.stringify(cell)} found`,
    where,
    fix: 'Correct the row or remove it.',
  })
}
