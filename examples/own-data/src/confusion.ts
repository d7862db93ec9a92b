import type { Dataset } from '@kd/core'

/** Rows are true classes, columns the predicted ones; behind each row the share that was found. */
export function confusionTable({ task: { labels }, examples }: Dataset, predictions: ArrayLike<number>): string {
  const counts = labels.map(() => labels.map(() => 0))
  examples.forEach(({ label }, row) => {
    counts[label!]![predictions[row]!]!++
  })
  const width = Math.max(5, ...labels.map((label) => label.length))
  const line = (first: string, cells: readonly string[]) => [first.padEnd(width), ...cells.map((cell) => cell.padStart(width))].join('  ')
  const rows = counts.map((row, label) => {
    const all = row.reduce((sum, count) => sum + count, 0)
    return line(labels[label]!, [...row.map(String), all === 0 ? '' : `${Math.round((100 * row[label]!) / all)} %`])
  })
  return [line('true', [...labels, 'found']), ...rows].join('\n')
}
