import type { Task } from '@kd/core'
import type { Columns } from './read-options.ts'

/** A benchmark's task: its classes in the order of its label numbers, its columns, and the files of its parts. */
export interface TaskSpec extends Task {
  readonly columns: Columns & { readonly label: string }
  readonly files: { readonly train: string; readonly dev: string; readonly test: string }
}

export type TaskName = 'sst2'

/** GLUE (Wang et al. 2019), as its download is laid out. */
export const tasks: Readonly<Record<TaskName, TaskSpec>> = {
  sst2: {
    name: 'sst2',
    labels: ['negative', 'positive'],
    pairs: false,
    metrics: ['accuracy'],
    columns: { text: 'sentence', label: 'label' },
    files: { train: 'train.tsv', dev: 'dev.tsv', test: 'test.tsv' },
  },
}
