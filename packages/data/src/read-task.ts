import { type Dataset, dataset, type Example, KdError, type OnProgress, type Task } from '@kd/core'
import { rawExamples } from './raw-examples.ts'
import { readExamples } from './read-examples.ts'
import type { Columns, ReadOptions } from './read-options.ts'
import { findTaskFiles, type PartName } from './task-files.ts'
import { partOptions } from './task-options.ts'
import { checkTaskName, type TaskName, tasks } from './tasks.ts'

export interface ReadTaskOptions {
  /** Columns of the files, where they are neither GLUE's nor the hub's; test parts have the same but the label. */
  columns?: Columns
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** A benchmark's parts as they are given. GLUE's test parts have no labels. */
export interface TaskParts {
  readonly task: Task
  readonly train: Dataset
  readonly dev: Dataset
  /** Where the folder has one. */
  readonly test?: Dataset
  /** MNLI's second parts, of other sources than train. */
  readonly devMismatched?: Dataset
  readonly testMismatched?: Dataset
}

/**
 * Reads a benchmark's folder: `readTask('sst2', 'glue/SST-2')` reads GLUE's train.tsv, dev.tsv and test.tsv, or the
 * Parquet files that the Hugging Face hub has of the task. TSV files may have the hub's columns too.
 * @throws KdError of kind `option`, `missing`, `io`, `aborted`, or `data` with file, line and column
 */
export async function readTask(name: TaskName, folder: string, { columns, ...options }: ReadTaskOptions = {}): Promise<TaskParts> {
  checkTaskName(name)
  const spec = tasks[name]
  const { labels, pairs, metrics } = spec
  const task: Task = { name, labels, pairs, metrics }
  const { layout, parts } = await findTaskFiles(folder, spec)
  const read = async (part: PartName): Promise<Dataset> => {
    const examples: Example[] = []
    for (const file of parts[part]!) {
      const reading = { ...options, ...(await partOptions(spec, { part, file, layout, columns })) }
      examples.push(...(spec.quirks?.score ? await readScores(file, reading) : (await readExamples(file, { ...reading, labels })).examples))
    }
    const kept = spec.quirks?.emptyTexts && part === 'train' ? examples.filter(({ text, pair }) => text !== '' && pair !== '') : examples
    return dataset(task, kept)
  }
  const { train, dev, ...others } = parts
  const result = { task, train: await read('train'), dev: await read('dev') }
  for (const part of Object.keys(others) as PartName[]) Object.assign(result, { [part]: await read(part) })
  return result
}

/** Examples whose label is a number, which stands in `label` as it is. */
async function readScores(file: string, options: ReadOptions): Promise<Example[]> {
  const examples: Example[] = []
  for await (const { text, pair, label, where, otherLabel } of rawExamples(file, options)) {
    const score = label === undefined ? undefined : Number(label)
    if (score !== undefined && !Number.isFinite(score)) {
      throw new KdError({
        kind: 'data',
        what: `a score is expected and ${JSON.stringify(label)} found`,
        where,
        fix: `Correct the row or remove it. ${otherLabel()}`,
      })
    }
    examples.push({ text, ...(pair !== undefined && { pair }), ...(score !== undefined && { label: score }) })
  }
  return examples
}
