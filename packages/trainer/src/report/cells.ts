import type { ReportFacts, ReportRow } from './facts.ts'
import {
  byteCount,
  duration,
  hundredths,
  meanAndSpread,
  meanOf,
  milliseconds,
  parameterCount,
  percent,
  thousands,
  times,
} from './format.ts'

export interface Column {
  /** Two lines. */
  readonly heading: readonly [string, string]
  cell(row: ReportRow): string
}

/** The columns of a report's table, in their order; the first is the row's name. */
export function columns({ rows }: ReportFacts): Column[] {
  const teacher = rows.find(({ name }) => name === 'teacher')
  const ratio = (of: (row: ReportRow) => number | undefined) => (row: ReportRow) => {
    const ours = of(row)
    const theirs = teacher && of(teacher)
    return times(ours !== undefined && theirs !== undefined ? theirs / ours : undefined)
  }
  const metricNames = Object.keys(rows[0]!.metrics)
  return [
    { heading: ['', ''], cell: ({ name }) => name },
    ...metricNames.map((metric): Column => ({ heading: [metric, 'on test'], cell: (row) => metricCell(row, metric) })),
    { heading: ['gap', 'won back'], cell: (row) => percent(shareOfGap(rows, row, metricNames[0]!)) },
    { heading: ['', 'parameters'], cell: ({ parameters }) => parameterCount(parameters?.total) },
    { heading: ['without', 'embeddings'], cell: ({ parameters }) => parameterCount(parameters?.withoutEmbeddings) },
    { heading: ['size', 'on disk'], cell: ({ bytes }) => byteCount(bytes) },
    { heading: ['p50', 'ms'], cell: ({ latencyMs }) => milliseconds(latencyMs?.p50) },
    { heading: ['p95', 'ms'], cell: ({ latencyMs }) => milliseconds(latencyMs?.p95) },
    { heading: ['smaller', 'times'], cell: ratio(({ bytes }) => bytes) },
    { heading: ['faster', 'times'], cell: ratio(({ latencyMs }) => latencyMs?.p50) },
  ]
}

/** The columns of a second table: F1 of each class on test; none where no row has that. */
export function classColumns({ rows }: ReportFacts): Column[] {
  const counts = rows.find(({ perClass }) => perClass)?.perClass ?? {}
  return Object.entries(counts).map(
    ([label, { examples }], index): Column => ({
      heading: [label, `${thousands(examples)}${index === 0 ? ' examples' : ''}`],
      cell: ({ perClass }) => (perClass?.[label] ? hundredths(perClass[label].f1) : '-'),
    }),
  )
}

function metricCell({ metrics }: ReportRow, metric: string): string {
  const values = metrics[metric]
  return values ? meanAndSpread(values.test) : '-'
}

/** (row - alone) / (teacher - alone) of the means on test; undefined where the teacher is not ahead of `alone`. */
export function shareOfGap(rows: readonly ReportRow[], row: ReportRow, metric: string): number | undefined {
  const mean = (one: ReportRow | undefined) => one?.metrics[metric] && meanOf(one.metrics[metric].test)
  const [teacher, alone, ours] = [rows.find(({ name }) => name === 'teacher'), rows.find(({ name }) => name === 'alone'), row].map(mean)
  if (teacher === undefined || alone === undefined || ours === undefined || teacher <= alone) return undefined
  return (ours - alone) / (teacher - alone)
}

/** The data really used: its name and the number of examples of each part. */
export function titleOf({ title, task, data, seeds }: ReportFacts): string {
  const parts = Object.entries(data)
    .filter(([, count]) => count > 0)
    .map(([part, count]) => `${thousands(count)} ${part}`)
  return `${title ?? task}: ${[...parts, `seed${seeds.length > 1 ? 's' : ''} ${seeds.join(', ')}`].join(', ')}`
}

const sameLabelNote = (name: string, { share, examples }: NonNullable<ReportRow['sameLabel']>) =>
  `${name}: served by @kd/runtime; the label of single precision for ${Number((100 * share).toFixed(3))} % of ${thousands(examples)} training examples`

/** What the figures mean, and how long they took. */
export function notesOf({ seeds, seconds, rows }: ReportFacts): string[] {
  const metrics = Object.keys(rows[0]!.metrics)
  const spread = seeds.length > 1 ? `, mean ± standard deviation of ${seeds.length} seeds` : ''
  const stages = Object.entries(seconds).filter(([stage]) => stage !== 'total')
  const took = stages.map(([stage, value]) => `${stage} ${duration(value)}`).join(', ')
  return [
    `${metrics.join(', ')}: in hundredths${spread}`,
    `gap won back: (row - alone) / (teacher - alone), in ${metrics[0]}`,
    ...rows.flatMap(({ name, sameLabel }) => (sameLabel ? [sameLabelNote(name, sameLabel)] : [])),
    ...(seconds.total === undefined ? [] : [`time: ${duration(seconds.total)}${took && ` (${took})`}`]),
  ]
}
