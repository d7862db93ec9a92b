// Our side of the rows train-*: the BiLSTM student on real sentences, or the siamese one on real pairs. It also writes what the peer trains on.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSafetensors } from '@kd/core'
import { adam, trainStep } from '@kd/jit'
import { Vocabulary } from '@kd/runtime'
import { bilstm, createStudent, siamese } from '@kd/students'
import * as tf from '@tensorflow/tfjs-core'
import { serve } from '../servers.ts'
import { oneAhead } from './ahead.ts'
import { batchesFile, batchesOf, type Encoded, everyFewBatches, readPairs, readSentences, sample, writeBatches } from './sentences.ts'
import { asShipped } from './shipped.ts'

const [kind, tsv, folder, count = '5120', batchSize = '256'] = process.argv.slice(2)
if ((kind !== 'static' && kind !== 'trainable' && kind !== 'pairs') || !tsv || !folder) {
  throw new Error('usage: student-server static|trainable|pairs TSV FOLDER [EXAMPLES] [BATCH]')
}
const size = Number(batchSize)

await asShipped()
const pairs = kind === 'pairs'
const all = await (pairs ? readPairs : readSentences)(tsv)
const vocabulary = Vocabulary.build(
  all.flatMap(({ text, pair }) => (pair === undefined ? [text] : [text, pair])),
  // Of pairs as `train` builds it.
  pairs ? {} : { pieces: 0 },
)
// Without dropout, so that both sides compute the same numbers.
const options = { channels: kind === 'trainable' ? 'trainable' : 'static', dropout: 0 } as const
const student = await createStudent(pairs ? siamese(options) : bilstm(options), { labels: ['0', '1'], vocabulary, seed: 1 })
const training = student.training()
const encoded = sample(all, all.length).map((example): Encoded => ({ ids: training.encode(example), label: Number(example.label) }))
/** Pairs are gathered as `train` does it, so that they are padded as much as there; sentences by their exact length. */
const lengthOf = pairs ? training.bucket : ({ length }: Int32Array) => length
/** The same sentences for all sizes of batches up to this one. */
const unit = pairs ? size : 512
const examples = everyFewBatches(encoded, Number(count), unit, lengthOf)
const inBatches = (size: number) => batchesOf(examples, size, lengthOf)
/** An encoded pair is how many words the first text has, then the words of both. */
const textsOf = (ids: Int32Array) => (pairs ? [ids.subarray(1, 1 + ids[0]!), ids.subarray(1 + ids[0]!)] : [ids])
const batches = inBatches(size).map((batch) => {
  const { ids, inputs } = training.batch(
    batch.map(({ ids }) => ids),
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
  parallel: { loss: 'mean', axes: training.exampleAxes, anyOrder: true },
  loss: (batch, context) => tf.mean(tf.squaredDifference(training.logits(batch, context), batch.inputs.targets!)) as tf.Scalar,
})

/** A teacher's logits, as it were: 2 for the label, -2 for the other. */
function targets(batch: readonly Encoded[]): Float32Array {
  return Float32Array.from(batch.flatMap(({ label }) => (label ? [-2, 2] : [2, -2])))
}

/** Multiplications and additions that an epoch needs: distinct words of a batch are projected once, nothing is padded. */
function operations(): number {
  const [dimensions, gates, units, dense] = [300, 1200, 150, 200]
  const features = pairs ? 8 * units : 2 * units
  let sum = 0
  for (const batch of inBatches(size)) {
    const texts = batch.flatMap(({ ids }) => textsOf(ids))
    const distinct = new Set(texts.flatMap((ids) => [...ids])).size
    const words = texts.reduce((sum, { length }) => sum + length, 0)
    sum += 2 * distinct * dimensions * gates * (kind === 'trainable' ? 3 : 2)
    // No product with the states before the first word.
    sum += 2 * 2 * (words - texts.length) * units * (gates / 2) * 3
    sum += 2 * size * (features * dense + dense * 2) * 3
  }
  return sum
}

let firstStep: number | undefined
await serve({
  async prepare() {
    for (const size of [64, 128, 256, ...(pairs ? [] : [512])]) await writeBatches(batchesFile(folder, size), inBatches(size), textsOf)
    const weights = Object.entries(student.weights()).map(([name, data]) => [name, { data, shape: [data.length] }])
    await writeFile(join(folder, 'weights.safetensors'), writeSafetensors(Object.fromEntries(weights)))
    return { words: vocabulary.size, examples: examples.length, operations: operations() / examples.length }
  },
  /** Time to the first step's loss, from no worker on. */
  async first() {
    await step.run(batches[0]!)
    return { value: performance.now() - started }
  },
  async epoch() {
    const begun = performance.now()
    let [sum, last] = [0, 0]
    await oneAhead(
      batches,
      (batch) => step.run(batch),
      ({ loss }) => {
        sum += last = loss
        firstStep ??= performance.now() - begun
      },
    )
    const seconds = (performance.now() - begun) / 1000
    return {
      value: (batches.length * size) / seconds,
      steps: batches.length / seconds,
      loss: sum / batches.length,
      last,
      first: firstStep,
      traces: step.traces,
      megabytes: process.resourceUsage().maxRSS / 1000,
    }
  },
})
await step.dispose()
