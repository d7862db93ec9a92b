import { KdError } from '@kd/core'
import { longestRow } from './row.ts'

/** Lines of a text that comes in pieces, without their line feed or carriage return and line feed. */
export async function* lines(chunks: AsyncIterable<string>, file: string): AsyncGenerator<{ line: number; text: string }> {
  let line = 0
  let rest = ''
  for await (const chunk of chunks) {
    const parts = chunk.split('\n')
    parts[0] = rest + parts[0]
    rest = parts.pop()!
    for (const text of parts) yield { line: ++line, text: withoutReturn(text) }
    if (rest.length > longestRow) {
      throw new KdError({
        kind: 'data',
        what: `the line is longer than ${longestRow} characters`,
        where: { file, line: line + 1 },
        fix: 'One example a line is expected.',
      })
    }
  }
  if (rest) yield { line: ++line, text: withoutReturn(rest) }
}

const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text)
