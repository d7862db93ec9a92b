import { adam, type OnnxTensor, trainStep } from '@kd/jit'
import { Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { type BilstmOptions, bilstm, createStudent, type Student } from './index.ts'

const texts = [
  'good',
  'bad',
  'not bad , a good film',
  'not good , a bad film',
  'a film so good that it hurts in a good way',
  'a bad film .',
]
const examples = texts.map((text, row) => ({ text, label: row % 2 }))
const targets = examples.map(({ label }) => (label === 0 ? [2, -2] : [-2, 2]))
const vocabulary = Vocabulary.build(texts)

const small = (options: BilstmOptions = {}): Promise<Student> =>
  createStudent(bilstm({ hidden: 6, dense: 8, dimensions: 5, channels: 'both', dropout: 0, ...options }), {
    labels: ['no', 'yes'],
    vocabulary,
    seed: 1,
  })

function stepFor(student: Student) {
  const training = student.training()
  const step = trainStep({
    variables: training.variables,
    tables: training.tables,
    optimizer: adam({ learningRate: 0.02 }),
    seed: 1,
    loss: (batch, context) => {
      const errors = tf.mean(tf.squaredDifference(training.logits(batch, context), batch.inputs.targets!), 1)
      return tf.div(tf.sum(tf.mul(errors, batch.inputs.weights!)), tf.sum(batch.inputs.weights!)) as tf.Scalar
    },
  })
  const batch = (rows: readonly number[], size: number) => {
    const { ids, inputs } = training.batch(
      rows.map((row) => training.encode(examples[row]!)),
      size,
    )
    const column = (values: number[][], width: number): OnnxTensor => {
      const data = new Float32Array(size * width)
      data.set(values.flat())
      return { data, shape: width === 1 ? [size] : [size, width] }
    }
    const extra = {
      targets: column(
        rows.map((row) => targets[row]!),
        2,
      ),
      weights: column(
        rows.map(() => [1]),
        1,
      ),
    }
    return { ids, inputs: { ...inputs, ...extra } }
  }
  return { step, batch, training }
}

test('a step of the engine learns the examples; the student then answers by the new weights', async () => {
  const student = await small()
  const before = student.weights()
  const { step, batch } = stepFor(student)
  const all = batch([0, 1, 2, 3, 4, 5], 6)
  const losses: number[] = []
  for (let n = 0; n < 150; n++) losses.push((await step.run(all)).loss)
  expect(step.traces).toBe(1)
  expect(losses.at(-1)!).toBeLessThan(0.05)
  await step.sync()
  const predictions = await student.predict(texts)
  expect(predictions.map(({ label }) => student.labels.indexOf(label))).toEqual(examples.map(({ label }) => label))
  const loss = predictions.flatMap(({ logits }, row) => logits.map((logit, index) => (logit - targets[row]![index]!) ** 2))
  expect(loss.reduce((sum, value) => sum + value) / loss.length).toBeLessThan(losses.at(-1)! + 0.01)
  const after = student.weights()
  expect(after['embeddings.static']).toEqual(before['embeddings.static'])
  expect(after['embeddings.trainable']).not.toEqual(before['embeddings.trainable'])
  expect(after['embeddings.trainable']!.subarray(0, 5)).toEqual(new Float32Array(5))
  await step.dispose()
  student.dispose()
})

test('padding rows and the other texts of a batch change nothing', async () => {
  const losses: number[][] = []
  for (const size of [3, 8]) {
    const student = await small()
    const { step, batch } = stepFor(student)
    const one: number[] = []
    for (let n = 0; n < 5; n++) one.push((await step.run(batch([0, 3, 5], size))).loss)
    losses.push(one)
    await step.dispose()
    student.dispose()
  }
  for (const [n, loss] of losses[0]!.entries()) expect(losses[1]![n]).toBeCloseTo(loss, 5)
})

test('dropout changes the loss of training and not the answers', async () => {
  const student = await small({ dropout: { words: 0.5, states: 0.5, dense: 0.5 } })
  const { step, batch } = stepFor(student)
  const answers = await student.logits(examples)
  const { loss } = await step.run(batch([0, 1, 2, 3, 4, 5], 6))
  const plain = answers.reduce((sum, logit, index) => sum + (logit - targets.flat()[index]!) ** 2, 0) / answers.length
  expect(Math.abs(loss - plain)).toBeGreaterThan(1e-4)
  expect(await student.logits(examples)).toEqual(answers)
  await step.dispose()
  student.dispose()
})

test('encode gives at least one word and at most maxLength; buckets grow with the length', async () => {
  const student = await small({ maxLength: 7 })
  const training = student.training()
  expect(training.encode({ text: '' })).toEqual(Int32Array.of(1))
  expect(training.encode(examples[4]!)).toHaveLength(7)
  expect(() => training.encode({ text: 'a', pair: 'b' })).toThrow(expect.objectContaining({ kind: 'data' }))
  let last = 0
  for (let length = 1; length <= 500; length++) {
    const padded = training.bucket(new Int32Array(length))
    expect(padded).toBeGreaterThanOrEqual(Math.max(length, last))
    expect(padded - length).toBeLessThan(Math.max(4, length / 3))
    expect(training.bucket(new Int32Array(padded))).toBe(padded)
    last = padded
  }
  student.dispose()
})
