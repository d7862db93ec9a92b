import { type Dataset, dataset, type Example, type Task } from '@kd/core'
import { readTask, split, tasks } from '@kd/data'
import { taskFolder, type Watched } from '@kd/example-common'
import { questionPairs } from './questions/generate.ts'

export interface DemoData {
  /** Names the data for the table's title. */
  title: string
  /** Pairs with labels. */
  train: Dataset
  /** Pairs without labels, for the teacher. */
  unlabelled: readonly Example[]
  /** Chooses weights. */
  validation: Dataset
  /** Only reported. */
  test: Dataset
}

/**
 * Quora Question Pairs from a folder with train.tsv and dev.tsv, in GLUE's columns or question1, question2, label; for
 * `glue` from the hub. Validation is 5 % of train, no question on both sides; dev is only reported.
 */
export async function quoraData(data: string, size = Number.POSITIVE_INFINITY, watched?: Partial<Watched>): Promise<DemoData> {
  const { task, train, dev } = await readTask('qqp', await taskFolder('qqp', data, watched))
  const parts = split(dataset(task, train.examples.slice(0, size)), { seed: 1, validation: 0.05, test: 0 })
  const test = dataset(task, dev.examples.slice(0, size))
  return { title: 'Quora Question Pairs, reported on dev', train: parts.train, unlabelled: [], validation: parts.validation, test }
}

export interface GeneratedSizes {
  labelled: number
  unlabelled: number
  validation: number
  test: number
}

/** Pairs of questions that nobody asked: made by the rules in `questions`, a few with labels, most without. */
export function generatedData({ labelled, unlabelled, validation, test }: GeneratedSizes): DemoData {
  const task: Task = { ...tasks.qqp, name: 'generated question pairs' }
  const pairs = questionPairs('train', labelled + unlabelled, 1)
  const questions = new Set(pairs.flatMap(({ text, pair }) => [text, pair]))
  const count = (value: number) => value.toLocaleString('en')
  return {
    title: `GENERATED question pairs (${count(pairs.length)} of ${count(questions.size)} questions, ${labelled} labelled), reported on ${count(test)} with other templates`,
    train: dataset(task, pairs.slice(0, labelled)),
    unlabelled: pairs.slice(labelled).map(({ text, pair }) => ({ text, pair })),
    validation: dataset(task, questionPairs('validation', validation, 1)),
    test: dataset(task, questionPairs('test', test, 1)),
  }
}
