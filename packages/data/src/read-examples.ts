import { basename, extname } from 'node:path'
import { type Dataset, dataset, type Example, KdError } from '@kd/core'
import { labelIndex, orderLabels } from './labels.ts'
import { rawExamples } from './raw-examples.ts'
import type { ReadOptions } from './read-options.ts'

/** More classes than this are taken for a wrong column. */
const mostLabels = 1000

/**
 * All examples of a TSV, CSV or JSONL file. Classes are `labels`, or what the file's label column holds, sorted; a file
 * without labels has a task without classes.
 * @throws KdError of kind `option`, `missing`, `io`, `aborted`, or `data` with file, line and column
 */
export async function readExamples(file: string, options: ReadOptions = {}): Promise<Dataset> {
  const { name = basename(file, extname(file)) } = options
  const examples: Example[] = []
  const raw: (string | undefined)[] = []
  const names = new Set<string>()
  for await (const { text, pair, label, where, otherLabel } of rawExamples(file, options)) {
    const known = options.labels && label !== undefined ? labelIndex(label, options.labels, where, otherLabel) : undefined
    examples.push({ text, ...(pair !== undefined && { pair }), ...(known !== undefined && { label: known }) })
    if (options.labels) continue
    raw.push(label)
    if (label === undefined) continue
    names.add(label)
    if (names.size > mostLabels) {
      throw new KdError({
        kind: 'data',
        what: `the column holds more than ${mostLabels} different labels`,
        where,
        fix: `List the classes in labels. ${otherLabel()}`,
      })
    }
  }
  const labels = options.labels ?? orderLabels(names)
  const indexOf = new Map(labels.map((label, index) => [label, index]))
  const indexed = examples.map((example, i) => (raw[i] === undefined ? example : { ...example, label: indexOf.get(raw[i])! }))
  return dataset({ name, labels, pairs: examples[0]?.pair !== undefined, metrics: ['accuracy'] }, indexed)
}
