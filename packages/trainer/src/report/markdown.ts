import { type Column, classColumns, columns, notesOf, titleOf } from './cells.ts'
import type { ReportFacts, ReportRow } from './facts.ts'

/** A report as a Markdown table with its title above; with three classes or more F1 of each in a table of its own. */
export function toMarkdown(facts: ReportFacts): string {
  const perClass = classColumns(facts)
  const name: Column = { heading: ['f1 on test', ''], cell: ({ name }) => name }
  return [
    `**${titleOf(facts)}**`,
    '',
    ...tableOf(columns(facts), facts.rows),
    '',
    ...(perClass.length === 0 ? [] : [...tableOf([name, ...perClass], facts.rows), '']),
    ...notesOf(facts).map((note) => `- ${note}`),
    '',
  ].join('\n')
}

function tableOf(shown: readonly Column[], rows: readonly ReportRow[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line(shown.map(({ heading }) => heading.join(' ').trim())),
    line(shown.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...rows.map((row) => line(shown.map(({ cell }) => cell(row)))),
  ]
}
