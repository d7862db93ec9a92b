import { columns, notesOf, titleOf } from './cells.ts'
import type { ReportFacts } from './facts.ts'

const mostColumns = 110

/** A report as one aligned table of at most 110 columns, its title above and what the figures mean below. */
export function toTable(facts: ReportFacts): string {
  const shown = columns(facts)
  const lines = [0, 1].map((line) => shown.map(({ heading }) => heading[line]!))
  const body = facts.rows.map((row) => shown.map(({ cell }) => cell(row)))
  const widths = shown.map((_, column) => Math.max(...[...lines, ...body].map((cells) => cells[column]!.length)))
  const gap = widths.reduce((sum, width) => sum + width + 2, -2) > mostColumns ? ' ' : '  '
  const aligned = (cells: string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join(gap)
      .trimEnd()
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + gap.length, -gap.length))
  return [...wrapped(titleOf(facts)), '', ...lines.map(aligned), rule, ...body.map(aligned), rule, ...notesOf(facts).flatMap(wrapped)].join(
    '\n',
  )
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
