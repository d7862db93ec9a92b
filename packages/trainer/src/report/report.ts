import { KdError } from '@kd/core'
import type { ReportFacts } from './facts.ts'
import { toMarkdown } from './markdown.ts'
import { toTable } from './table.ts'

/** What a distillation came to: facts that can be kept as JSON, and one table of them. */
export interface Report extends ReportFacts {
  /** One table for a terminal, at most 110 columns wide. */
  toString(): string
  toMarkdown(): string
  toJSON(): ReportFacts
}

/**
 * A report of facts, or of what `toJSON` of another gave.
 * @throws KdError of kind `data` where a metric has not one test value for each seed, or a number is not finite
 */
export function createReport(facts: ReportFacts): Report {
  check(facts)
  const { title, task, seeds, data, settings, seconds, rows } = facts
  const plain: ReportFacts = { ...(title === undefined ? {} : { title }), task, seeds, data, settings, seconds, rows }
  return { ...plain, toString: () => toTable(plain), toMarkdown: () => toMarkdown(plain), toJSON: () => plain }
}

function check({ seeds, rows }: ReportFacts): void {
  if (!seeds?.length || !rows?.length) {
    throw new KdError({ kind: 'data', what: `a report needs seeds and rows, and has ${seeds?.length ?? 0} and ${rows?.length ?? 0}` })
  }
  for (const { name, metrics, perClass = {}, parameters, bytes, latencyMs, sameLabel } of rows) {
    for (const [metric, { validation, test }] of Object.entries(metrics)) {
      for (const [part, values] of Object.entries({ validation, test })) {
        if (values.length === seeds.length || (part === 'validation' && values.length === 0)) continue
        throw new KdError({ kind: 'data', what: `row ${name} has ${values.length} ${part} values of ${metric} for ${seeds.length} seeds` })
      }
    }
    const numbers = [
      ...Object.values(metrics).flatMap(({ validation, test }) => [...validation, ...test]),
      ...Object.values(perClass).flatMap((values) => Object.values(values)),
      ...Object.values({ ...parameters, bytes: bytes ?? 0, ...latencyMs, ...sameLabel }),
    ]
    const wrong = numbers.find((number) => !Number.isFinite(number))
    if (wrong !== undefined) throw new KdError({ kind: 'data', what: `row ${name} holds ${wrong}, which is no finite number` })
  }
}
