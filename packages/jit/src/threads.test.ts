import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { adam } from './optimizers/adam.ts'
import { testEngine } from './testing/engines.ts'
import { trainStepOn } from './train-step/train-step.ts'

const two = testEngine('onnxruntime-node', 2)
beforeAll(async () => void (await two()))

// Large enough that ONNX Runtime shares the work among threads: its ScatterND then loses sums for rows that stand twice.
it.each([
  ['unsortedSegmentSum', (x: tf.Tensor2D, rows: tf.Tensor1D) => tf.unsortedSegmentSum(x, rows, 7)],
  ['scatterND', (x: tf.Tensor2D, rows: tf.Tensor1D) => tf.scatterND(tf.reshape(rows, [-1, 1]), x, [7, x.shape[1]])],
  [
    'the gradient of gather',
    (x: tf.Tensor2D, rows: tf.Tensor1D) =>
      tf.grad((table: tf.Tensor) => tf.sum(tf.mul(tf.gather(table, rows), x)))(tf.zeros([7, x.shape[1]])),
  ],
])('%s adds every row with two threads', async (_, fn) => {
  const [count, columns] = [4000, 300]
  const x = tf.ones([count, columns]) as tf.Tensor2D
  const rows = tf.tensor1d(
    Int32Array.from({ length: count }, (_, index) => index % 7),
    'int32',
  )
  const sums = Float32Array.from({ length: 7 * columns }, (_, place) => Math.ceil((count - Math.floor(place / columns)) / 7))
  const jitted = jitOn(fn, two)
  for (let run = 0; run < 5; run++) expect((await jitted(x, rows)).dataSync()).toEqual(sums)
  await jitted.dispose()
})

it('a training step gives the same bits with two threads, run after run', async () => {
  const [words, dimensions, size, length] = [30, 128, 256, 16]
  const losses = async () => {
    const random = new Random(1, 'model')
    const values = (length: number) => Float32Array.from({ length }, () => random.normal())
    const table = { name: 'words', data: values(words * dimensions), dimensions, trainable: true }
    const output = tf.variable(tf.tensor2d(values(dimensions * 2), [dimensions, 2]))
    const step = trainStepOn(
      {
        variables: [output],
        tables: [table],
        optimizer: adam({ learningRate: 0.05 }),
        seed: 1,
        loss({ inputs, rows, positions }, { dropout }) {
          const text = tf.mean(dropout(tf.gather(rows.words!, positions), 0.3), 1)
          return tf.mean(tf.squaredDifference(tf.matMul(text, output as tf.Tensor2D), inputs.target!)) as tf.Scalar
        },
      },
      two,
    )
    const ids = { data: Int32Array.from({ length: size * length }, () => random.integer(words)), shape: [size, length] }
    const batch = { ids, inputs: { target: { data: values(size * 2), shape: [size, 2] } } }
    const seen: number[] = []
    for (let count = 0; count < 10; count++) seen.push((await step.run(batch)).loss)
    await step.sync()
    await step.dispose()
    return { seen, words: table.data.slice(), output: output.dataSync().slice() }
  }
  const first = await losses()
  for (let run = 0; run < 2; run++) expect(await losses()).toEqual(first)
})
