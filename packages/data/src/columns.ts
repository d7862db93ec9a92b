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
      what: `there is no column ${wanted}; the header is ${shown(header)}`,
      where: { file, line: 1, column: names.join(' or ') },
      fix: delimiterHint(header) ?? headerHint(header) ?? `Say where to find it: columns: { ${suggestion(header, columns, field)} }.`,
    })
  }
  const positions = { text: find('text')!, pair: find('pair'), label: find('label') }
  const { text, pair, label } = positions
  if (pair !== undefined && (pair === text || pair === label)) {
    throw new KdError({
      kind: 'option',
      what: `${JSON.stringify(columns)} names one column twice; the header is ${shown(header)}`,
      where: { option: 'columns.pair' },
      fix: 'Name another.',
    })
  }
  return positions
}

/** What to do where a column that is there turns out to be the wrong one. */
export function otherColumn(header: readonly string[], field: keyof Columns, position: number): string {
  const others = header.filter((_, index) => index !== position)
  const free = likely(others) ?? others[0]
  const option = free === undefined ? '' : `, such as columns: { ${field}: ${JSON.stringify(free)} }`
  return `If ${JSON.stringify(header[position])} is the wrong column, name another by columns.${field}${option}; the header is ${shown(header)}.`
}

const shown = (header: readonly string[]): string => {
  const names = header.slice(0, 30).map((name) => JSON.stringify(name.length > 40 ? `${name.slice(0, 39)}…` : name))
  return `${names.join(', ')}${header.length > 30 ? ` and ${header.length - 30} more` : ''}`
}

/** Names that benchmarks give to the two texts of a pair. */
const pairNames: readonly (readonly [string, string])[] = [
  ['question1', 'question2'],
  ['sentence1', 'sentence2'],
  ['text1', 'text2'],
  ['premise', 'hypothesis'],
  ['question', 'sentence'],
  ['#1 String', '#2 String'],
]

const likely = (names: readonly string[]): string | undefined =>
  names.find((name) => !/^(|#|no|nr|\w*_?(id|idx|index|label|uuid))$/i.test(name))

/** The option as it might be meant: the columns asked for that are there, and those left that suit the missing field. */
function suggestion(header: readonly string[], columns: Columns, field: keyof Columns): string {
  const known = Object.entries(columns).filter(([other, name]) => other !== field && header.includes(name))
  const left = header.filter((name) => !known.some(([, used]) => used === name))
  const both = pairNames.find((names) => names.every((name) => left.includes(name)))
  const missing =
    both && field === 'text' && columns.pair === undefined
      ? (['text', 'pair'] as const).map((name, index) => [name, both[index]] as const)
      : [[field, (field === 'text' ? likely(left) : undefined) ?? left.at(field === 'text' ? 0 : -1) ?? header[0] ?? 1] as const]
  return [...known, ...missing].map(([name, column]) => `${name}: ${JSON.stringify(column)}`).join(', ')
}

/** What to say of a first row that holds an example: words as only texts have them, or a number that is no position. */
function headerHint(header: readonly string[]): string | undefined {
  const words = header.map((name) => name.split(/\s+/).length)
  const text = words.indexOf(Math.max(...words))
  const isNumber = (name: string, index: number) => /^-?\d+(\.\d+)?$/.test(name) && Number(name) !== index + 1
  if (words[text]! < 4 && !header.some(isNumber)) return undefined
  return `If the first row is an example: header: false, and columns by position, such as columns: { text: ${text + 1} }.`
}

/** What to say of a header that is one column only because it was cut at the wrong character. */
function delimiterHint([only = '', ...others]: readonly string[]): string | undefined {
  if (others.length > 0) return undefined
  if (only.includes('\t')) return "Its columns stand between tabs: format: 'tsv'."
  if (only.includes(';')) return "Its columns stand between semicolons: format: 'csv', delimiter: ';'."
  return only.includes(',') ? "Its columns stand between commas: format: 'csv'." : undefined
}
