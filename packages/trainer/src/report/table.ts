import { type Column, classColumns, columns, notesOf, titleOf } from './cells.ts'
import type { ReportFacts, ReportRow } from './facts.ts'

const mostColumns = 110

/**
 * A report as one aligned table of at most 110 columns, its title above and what the figures mean below; with three classes
 * or more F1 of each in a table of its own.
 */
export function toTable(facts: ReportFacts): string {
  const perClass = classColumns(facts)
  const name: Column = { heading: ['f1 on test', ''], cell: ({ name }) => name }
  return [
    ...wrapped(titleOf(facts)),
    '',
    ...aligned(columns(facts), facts.rows),
    ...(perClass.length === 0 ? [] : ['', ...aligned([name, ...perClass], facts.rows), '']),
    ...notesOf(facts).flatMap(wrapped),
  ].join('\n')
}

/** The lines of a table: headings, a rule, the rows, a rule. */
function aligned(shown: readonly Column[], rows: readonly ReportRow[]): string[] {
  const heads = [0, 1].map((line) => shown.map(({ heading }) => heading[line]!))
  const body = rows.map((row) => shown.map(({ cell }) => cell(row)))
  const widths = shown.map((_, column) => Math.max(...[...heads, ...body].map((cells) => cells[column]!.length)))
  const gap = widths.reduce((sum, width) => sum + width + 2, -2) > mostColumns ? ' ' : '  '
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join(gap)
      .trimEnd()
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + gap.length, -gap.length))
  return [...heads.map(line), rule, ...body.map(line), rule]
}

/** Lines of at most 110 columns, broken between words. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= mostColumns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
