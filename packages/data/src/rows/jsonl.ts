import { KdError } from '@kd/core'
import { lines } from './lines.ts'
import type { Row, RowReader } from './row.ts'

/** One JSON object a line. The first one's keys are the header. */
export const jsonlRows: RowReader = async function* jsonlRows(chunks, { file }): AsyncGenerator<Row> {
  let header: readonly string[] | undefined
  for await (const { line, text } of lines(chunks, file)) {
    if (text.trim() === '') continue
    const object = parseObject(text, file, line)
    if (!header) {
      header = Object.keys(object)
      yield { line, cells: header }
    }
    yield { line, cells: header.map((key) => (Object.hasOwn(object, key) ? object[key] : undefined)) }
  }
}

function parseObject(text: string, file: string, line: number): Record<string, unknown> {
  let cause: unknown
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    cause = error
  }
  const what = cause ? `the line is not JSON: ${(cause as Error).message}` : 'the line holds no JSON object'
  throw new KdError({
    kind: 'data',
    what,
    where: { file, line },
    fix: 'JSONL has one whole object a line, such as {"text": "...", "label": "..."}.',
    cause,
  })
}
