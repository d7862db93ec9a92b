import { columns, notesOf, titleOf } from './cells.ts'
import type { ReportFacts } from './facts.ts'

/** A report as a Markdown table with its title above. */
export function toMarkdown(facts: ReportFacts): string {
  const shown = columns(facts)
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    `**${titleOf(facts)}**`,
    '',
    line(shown.map(({ heading }) => heading.join(' ').trim())),
    line(shown.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...facts.rows.map((row) => line(shown.map(({ cell }) => cell(row)))),
    '',
    ...notesOf(facts).map((note) => `- ${note}`),
    '',
  ].join('\n')
}
