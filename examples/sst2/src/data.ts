import { createRequire } from 'node:module'
import { type Dataset, dataset, type Task } from '@kd/core'
import { readTask, split } from '@kd/data'
import { taskFolder, type Watched } from '@kd/example-common'

export interface DemoData {
  /** Names the data for the table's title. */
  title: string
  train: Dataset
  /** Chooses epochs; part of what was training data. */
  validation: Dataset
  /** Only reported. */
  test: Dataset
}

/**
 * GLUE's SST-2 from a folder with train.tsv and dev.tsv, or for `glue` from the hub: validation is 5 % of train, whole
 * sentences with their phrases; dev is only reported.
 */
export async function glueData(data: string, size = Number.POSITIVE_INFINITY, watched?: Partial<Watched>): Promise<DemoData> {
  const { train, dev } = await readTask('sst2', await taskFolder('sst2', data, watched))
  const some = dataset(train.task, train.examples.slice(0, size))
  const parts = split(some, { seed: 1, validation: 0.05, test: 0, together: 'contained' })
  return { title: 'GLUE SST-2, reported on dev', train: parts.train, validation: parts.validation, test: dev }
}

/** 3,000 sentences of reviews (Amazon, IMDb, Yelp; Kotzias et al. 2015), as the npm package `sentiment` carries them. */
export function sentimentData(size = 3000): DemoData {
  const require = createRequire(import.meta.url)
  const task: Task = { name: 'review sentences', labels: ['negative', 'positive'], pairs: false, metrics: ['accuracy'] }
  const examples = ['amazon', 'imdb', 'yelp'].flatMap((site) =>
    (require(`sentiment/test/fixtures/${site}.json`) as { text: string; class: number | null }[])
      .filter(({ text }) => text !== '')
      .slice(0, size / 3)
      .map(({ text, class: label }) => ({ text: text.trim(), label: label! })),
  )
  const title = `${examples.length.toLocaleString('en')} review sentences of the npm package sentiment, reported on a test part`
  return { title, ...split(dataset(task, examples), { seed: 1, validation: 0.1, test: 0.2 }) }
}
