import { type Example, KdError } from '@kd/core'
import { labelIndex } from './labels.ts'
import { rawExamples } from './raw-examples.ts'
import type { StreamOptions } from './read-options.ts'

/**
 * Examples of a file one by one, in memory that does not grow with the file. Labels are read where `labels` names the
 * classes; without it examples come unlabelled.
 * @throws KdError of kind `option` at once; later `missing`, `io`, `aborted`, or `data` with file, line and column
 */
export function streamExamples(file: string, options: StreamOptions = {}): AsyncGenerator<Example> {
  const { labels, columns } = options
  if (!labels && columns?.label) {
    throw new KdError({
      kind: 'option',
      what: "a stream's labels can't be numbered before all were seen",
      where: { option: 'labels' },
      fix: "Name the classes: labels: ['negative', 'positive'].",
    })
  }
  return index(rawExamples(file, options), labels)
}

async function* index(raw: ReturnType<typeof rawExamples>, labels: readonly string[] | undefined): AsyncGenerator<Example> {
  for await (const { text, pair, label, where, otherLabel } of raw) {
    yield {
      text,
      ...(pair !== undefined && { pair }),
      ...(labels && label !== undefined && { label: labelIndex(label, labels, where, otherLabel) }),
    }
  }
}
