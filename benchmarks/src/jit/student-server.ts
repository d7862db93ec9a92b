// Our side of the rows train-*: the BiLSTM student on real sentences. It also writes what the peer trains on.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSafetensors } from '@kd/core'
import { adam, trainStep } from '@kd/jit'
import { Vocabulary } from '@kd/runtime'
import { bilstm, createStudent } from '@kd/students'
import * as tf from '@tensorflow/tfjs-core'
import { serve } from '../servers.ts'
import { batchesFile, batchesOf, type Encoded, readSentences, sample, writeBatches } from './sentences.ts'
import { asShipped } from './shipped.ts'

const [channels, tsv, folder, count = '5120', batchSize = '256'] = process.argv.slice(2)
if ((channels !== 'static' && channels !== 'trainable') || !tsv || !folder) {
  throw new Error('usage: student-server static|trainable TSV FOLDER [SENTENCES] [BATCH]')
}
const size = Number(batchSize)

await asShipped()
const all = await readSentences(tsv)
const vocabulary = Vocabulary.build(
  all.map(({ text }) => text),
  { pieces: 0 },
)
// Without dropout, so that both sides compute the same numbers.
const student = await createStudent(bilstm({ channels, dropout: 0 }), { labels: ['0', '1'], vocabulary, seed: 1 })
const training = student.training()
const sentences: Encoded[] = sample(all, Number(count)).map((example) => ({ ids: training.encode(example), label: Number(example.label) }))
const batches = batchesOf(sentences, size).map((batch) => {
  const { ids, inputs } = training.batch(
    batch.map((sentence) => sentence.ids),
    size,
  )
  return { ids, inputs: { ...inputs, targets: { data: targets(batch), shape: [size, 2] } } }
})

const started = performance.now()
const step = trainStep({
  variables: training.variables,
  tables: training.tables,
  optimizer: adam({ learningRate: 1e-3 }),
  seed: 1,
  parallel: { loss: 'mean', axes: { ids: 2, ends: 1 } },
  loss: (batch, context) => tf.mean(tf.squaredDifference(training.logits(batch, context), batch.inputs.targets!)) as tf.Scalar,
})

/** A teacher's logits, as it were: 2 for the label, -2 for the other. */
function targets(batch: readonly Encoded[]): Float32Array {
  return Float32Array.from(batch.flatMap(({ label }) => (label ? [-2, 2] : [2, -2])))
}

/** Multiplications and additions that an epoch needs: distinct words of a batch are projected once, nothing is padded. */
function operations(): number {
  const [dimensions, gates, units, dense] = [300, 1200, 150, 200]
  let sum = 0
  for (const batch of batchesOf(sentences, size)) {
    const distinct = new Set(batch.flatMap(({ ids }) => [...ids])).size
    const words = batch.reduce((sum, { ids }) => sum + ids.length, 0)
    sum += 2 * distinct * dimensions * gates * (channels === 'trainable' ? 3 : 2)
    // No product with the states before the first word.
    sum += 2 * 2 * (words - size) * units * (gates / 2) * 3
    sum += 2 * size * (2 * units * dense + dense * 2) * 3
  }
  return sum
}

let firstStep: number | undefined
await serve({
  async prepare() {
    for (const size of [64, 128, 256]) await writeBatches(batchesFile(folder, size), batchesOf(sentences, size))
    const weights = Object.entries(student.weights()).map(([name, data]) => [name, { data, shape: [data.length] }])
    await writeFile(join(folder, 'weights.safetensors'), writeSafetensors(Object.fromEntries(weights)))
    return { words: vocabulary.size, sentences: sentences.length, operations: operations() / sentences.length }
  },
  /** Time to the first step's loss, from no worker on. */
  async first() {
    await step.run(batches[0]!)
    return { value: performance.now() - started }
  },
  async epoch() {
    const begun = performance.now()
    let sum = 0
    for (const batch of batches) {
      sum += (await step.run(batch)).loss
      firstStep ??= performance.now() - begun
    }
    const seconds = (performance.now() - begun) / 1000
    return {
      value: (batches.length * size) / seconds,
      steps: batches.length / seconds,
      loss: sum / batches.length,
      first: firstStep,
      traces: step.traces,
      megabytes: process.resourceUsage().maxRSS / 1000,
    }
  },
})
await step.dispose()
