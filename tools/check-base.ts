/**
 * What a base is worth with few labels: fine-tunes it on so many of SST-2's train sentences and prints rows of its card's table.
 *
 *   npm run check-base --workspace @kd/tools -- --data SST2_FOLDER [--base models/minilm-base] [--labels 500,2000] [--seed 1]
 *
 * The sentences are drawn by seed. The epoch is chosen on `--held-out` further train sentences; `--epochs` and `--rate` try
 * other settings, to be compared there. `--labels all` takes the whole of train but for whole sentences, 5 %, with the phrases
 * that stand in no other: the epoch is chosen on those. GLUE dev is only reported.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { dataset, Random } from '@kd/core'
import { readTask, split } from '@kd/data'
import { argMax, metric } from '@kd/losses/metrics'
import { fineTune } from '@kd/teacher-bert'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    base: { type: 'string', default: 'models/minilm-base' },
    labels: { type: 'string', default: '500,2000,10000' },
    seed: { type: 'string', default: '1' },
    'held-out': { type: 'string', default: '500' },
    epochs: { type: 'string' },
    rate: { type: 'string' },
  },
})
if (!values.data) throw new Error('usage: check-base --data FOLDER [--base FOLDER] [--labels 500,2000,10000]')
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)

/** By the number of labels, from the one above. */
const settings = [
  { labels: 1000, epochs: 10, learningRate: 1e-4 },
  { labels: 5000, epochs: 4, learningRate: 1e-4 },
  { labels: Infinity, epochs: 3, learningRate: 5e-5 },
]

const { task, train, dev } = await readTask('sst2', place(values.data))
const seed = Number(values.seed)
const shuffled = [...new Random(seed, 'labels').at(0).shuffle(Int32Array.from(train.examples.keys()))]
const heldOut = Number(values['held-out'])
console.log('| labels | epochs | learning rate | held-out, by epoch | GLUE dev | seconds |\n|---|---|---|---|---|---|')
for (const wanted of values.labels.split(',')) {
  const { train: learnt, validation } = wanted === 'all' ? whole() : drawn(Number(wanted))
  const labels = learnt.length
  const usual = settings.find((row) => labels <= row.labels)!
  const epochs = Number(values.epochs ?? usual.epochs)
  const learningRate = Number(values.rate ?? usual.learningRate)
  const { teacher, history, seconds } = await fineTune(place(values.base), learnt, {
    epochs,
    learningRate,
    validation,
    seed,
  })
  const percent = (share: number) => (100 * share).toFixed(1)
  const golds = Float32Array.from(dev.examples, ({ label }) => label!)
  const accuracy = metric('accuracy')(argMax(await teacher.logits(dev.examples), task.labels.length), golds)
  const heldOutRow = history.map((entry) => percent(entry.validation!)).join(', ')
  console.log(
    `| ${labels.toLocaleString('en')} | ${epochs} | ${learningRate} | ${heldOutRow} | ${percent(accuracy)} | ${seconds.toFixed(0)} |`,
  )
  await teacher.dispose()
}
process.exit(0)

function whole() {
  return split(train, { seed, validation: 0.05, test: 0, together: 'contained' })
}

function drawn(labels: number) {
  const pick = (from: number, to: number) =>
    dataset(
      task,
      shuffled.slice(from, to).map((index) => train.examples[index]!),
    )
  return { train: pick(0, labels), validation: pick(shuffled.length - heldOut, shuffled.length) }
}
