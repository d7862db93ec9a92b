import { KdError } from '@kd/core'
import type { Columns } from './read-options.ts'

/** Positions of the fields in a row, counted from 0. */
export interface Positions {
  readonly text: number
  readonly pair?: number | undefined
  readonly label?: number | undefined
}

const usual = { text: ['text', 'sentence'], pair: ['pair'], label: ['label'] } as const

/**
 * Finds the fields in a header.
 * @throws KdError of kind `data` that shows the header and the option that names a column
 */
export function locate(header: readonly string[], columns: Columns, file: string): Positions {
  const find = (field: keyof Columns): number | undefined => {
    const asked = columns[field]
    if (asked === false) return undefined
    const names = asked === undefined ? usual[field] : [asked]
    for (const name of names) {
      const position = typeof name === 'number' ? name - 1 : header.indexOf(name)
      if (position in header) return position
    }
    if (asked === undefined && field !== 'text') return undefined
    const wanted = names.map((name) => (typeof name === 'number' ? `number ${name}` : JSON.stringify(name))).join(' or ')
    throw new KdError({
      kind: 'data',
      what: `there is no column ${wanted}; the header is ${header.map((name) => JSON.stringify(name)).join(', ')}`,
      where: { file, line: 1, column: names.join(' or ') },
      fix: delimiterHint(header) ?? `Say where to find it: columns: { ${suggestion(header, columns, field)} }.`,
    })
  }
  return { text: find('text')!, pair: find('pair'), label: find('label') }
}

/** The option as it might be meant: the columns asked for that are there, and the first one left for the missing field. */
function suggestion(header: readonly string[], columns: Columns, field: keyof Columns): string {
  const known = Object.entries(columns).filter(([other, name]) => other !== field && header.includes(name))
  const free = header.find((name) => !known.some(([, used]) => used === name)) ?? header[0] ?? 1
  return [...known, [field, free] as const].map(([name, column]) => `${name}: ${JSON.stringify(column)}`).join(', ')
}

/** What to say of a header that is one column only because it was cut at the wrong character. */
function delimiterHint([only = '', ...others]: readonly string[]): string | undefined {
  if (others.length > 0) return undefined
  if (only.includes('\t')) return "Its columns stand between tabs: format: 'tsv'."
  if (only.includes(';')) return "Its columns stand between semicolons: format: 'csv', delimiter: ';'."
  return only.includes(',') ? "Its columns stand between commas: format: 'csv'." : undefined
}
