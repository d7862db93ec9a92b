import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, dataset, KdError, type OnProgress, type Task } from '@kd/core'
import { readExamples } from './read-examples.ts'
import { type TaskName, type TaskSpec, tasks } from './tasks.ts'

export interface ReadTaskOptions {
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** A benchmark's parts as they are given. GLUE's test part has no labels. */
export interface TaskParts {
  readonly task: Task
  readonly train: Dataset
  readonly dev: Dataset
  /** Where the folder has one. */
  readonly test?: Dataset
}

/**
 * Reads a benchmark's folder: `readTask('sst2', 'glue/SST-2')` reads its train.tsv, dev.tsv and test.tsv.
 * @throws KdError of kind `option`, `missing`, `io`, `aborted`, or `data` with file, line and column
 */
export async function readTask(name: TaskName, folder: string, options: ReadTaskOptions = {}): Promise<TaskParts> {
  if (!Object.hasOwn(tasks, name)) {
    throw new KdError({
      kind: 'option',
      what: `there is no task ${JSON.stringify(name)}`,
      where: { option: 'name' },
      fix: `Use one of ${Object.keys(tasks).join(', ')}, or readExamples for a file of your own.`,
    })
  }
  const { columns, files, ...task } = tasks[name]
  await checkFolder(folder, files)
  const read = async (file: string, labelled: boolean): Promise<Dataset> => {
    const { examples } = await readExamples(join(folder, file), {
      ...options,
      columns: labelled ? columns : { ...columns, label: undefined },
      labels: task.labels,
      unlabelled: labelled ? undefined : '-1',
    })
    return dataset(task, examples)
  }
  const test = (await exists(join(folder, files.test))) ? await read(files.test, false) : undefined
  return { task, train: await read(files.train, true), dev: await read(files.dev, true), ...(test && { test }) }
}

async function checkFolder(folder: string, { train, dev }: TaskSpec['files']): Promise<void> {
  for (const file of [train, dev]) {
    if (await exists(join(folder, file))) continue
    throw new KdError({
      kind: 'missing',
      what: `the folder has no ${file}`,
      where: { file: folder },
      fix: `Give the folder that holds ${train} and ${dev}.`,
    })
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
