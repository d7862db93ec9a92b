import { Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { input, model } from '@tensorflow/tfjs-layers'
import { beforeAll, expect, test } from 'vitest'
import { batchOf, context, expectClose, flat, goldenFile, type Nested, named } from '../../test/golden.ts'
import { assign, buildHead, type Head } from '../student/layers.ts'
import type { StudentTraining } from '../student/student.ts'
import { type DenseWeights, fromNamed, toNamed } from '../student/weights.ts'
import { readyTensorflow } from '../tensorflow.ts'
import { bilstmTraining } from './training.ts'

interface Golden {
  lengths: number[]
  x: number[][][]
  targets: number[][]
  states: number[][]
  logits: number[][]
  loss: number
  parameters: Record<string, Nested>
  gradients: Record<string, Nested>
}
const golden: Golden = goldenFile('lstm.json')
const sizes = { inputs: 5, hidden: 4, features: 8, dense: 6, classes: 2 }

const parameters = named(golden.parameters, (a, b) => a + b)
const gradients = named(golden.gradients, (a) => a)

/** Each word of the batch stands in a row of its own; row 0 is padding, with values that must not matter. */
const longest = 7
const table = new Float32Array((1 + 3 * longest) * 5).fill(9)
const texts = golden.lengths.map((length, row) => Int32Array.from({ length }, (_, place) => 1 + row * longest + place))
golden.x.forEach((words, row) => {
  words.forEach((word, place) => {
    table.set(word, (1 + row * longest + place) * 5)
  })
})

let head: Head
let training: StudentTraining
beforeAll(async () => {
  await readyTensorflow()
  await tf.setBackend('cpu')
  head = buildHead(sizes)
  for (const [name, values] of Object.entries(fromNamed(parameters, sizes))) assign(head.variables[name as keyof DenseWeights], values)
  training = bilstmTraining({
    head,
    tables: [{ name: 'trainable', data: table, dimensions: 5, trainable: true }],
    vocabulary: Vocabulary.build([]),
    maxLength: 128,
    dropout: { words: 0, states: 0, dense: 0 },
  })
})

const loss = (logits: tf.Tensor) => tf.mean(tf.squaredDifference(logits, tf.tensor2d(golden.targets))) as tf.Scalar

/** Gradients of the loss by the names of the golden file. */
function gradientsOf(logits: () => tf.Tensor): { loss: number; gradients: Record<string, Float32Array> } {
  const names = Object.keys(head.variables) as (keyof DenseWeights)[]
  const { value, grads } = tf.variableGrads(
    () => loss(logits()),
    names.map((name) => head.variables[name]),
  )
  const values = Object.fromEntries(names.map((name) => [name, grads[head.variables[name].name]!.dataSync()])) as unknown as DenseWeights
  return { loss: value.dataSync()[0]!, gradients: toNamed(values, sizes) }
}

function layersLogits(padding: number): tf.Tensor {
  const x = input({ shape: [null, 5] })
  const ids = input({ shape: [null], dtype: 'int32' })
  const student = model({ inputs: [x, ids], outputs: head.logits.apply(head.dense.apply(head.bilstm.apply([x, ids]))) as typeof x })
  const padded = golden.x.map((words, row) => [
    ...words.map((word, place) => (place < golden.lengths[row]! ? word : [9, 9, 9, 9, 9])),
    ...Array.from({ length: padding }, () => [9, 9, 9, 9, 9]),
  ])
  const words = golden.lengths.map((length) => Array.from({ length: longest + padding }, (_, place) => (place < length ? 1 : 0)))
  return student.apply([tf.tensor3d(padded), tf.tensor2d(words, undefined, 'int32')]) as tf.Tensor
}

test.each([
  ['the layers', () => layersLogits(0)],
  ['the layers, with more padding', () => layersLogits(3)],
  ['the training step', () => training.logits(batchOf(training, table, texts, 3), context)],
])('%s: logits, loss and gradients are those of PyTorch', (_, logits) => {
  expectClose(logits().dataSync(), flat(golden.logits), 'logits')
  const { loss, gradients: actual } = gradientsOf(logits)
  expect(loss).toBeCloseTo(golden.loss, 5)
  for (const [name, expected] of Object.entries(gradients)) expectClose(actual[name]!, expected, name)
})

test('final states are those of PyTorch', () => {
  const x = golden.x.map((words, row) => words.map((word, place) => (place < golden.lengths[row]! ? word : [9, 9, 9, 9, 9])))
  const ids = golden.lengths.map((length) => Array.from({ length: 7 }, (_, place) => (place < length ? 1 : 0)))
  const states = head.bilstm.apply([tf.tensor3d(x), tf.tensor2d(ids, undefined, 'int32')]) as tf.Tensor
  expectClose(states.dataSync(), flat(golden.states), 'states')
})

test('gradients of the rows: those of the layers by automatic differentiation', () => {
  const batch = batchOf(training, table, texts, 3)
  const ofRows = tf.grad((rows) => loss(training.logits({ ...batch, rows: { trainable: rows as tf.Tensor2D } }, context)))(
    batch.rows.trainable,
  )
  const ids = tf.tensor2d(
    texts.flatMap((text) => [...text, ...new Array(longest - text.length).fill(0)]),
    [3, longest],
    'int32',
  )
  const byLayers = tf.grad((rows) => {
    const x = tf.reshape(tf.gather(rows, tf.reshape(ids, [-1])), [3, longest, 5])
    return loss(head.logits.apply(head.dense.apply(head.bilstm.apply([x, ids]))) as tf.Tensor)
  })(batch.rows.trainable)
  expectClose(ofRows.dataSync(), byLayers.dataSync(), 'rows')
})

test('a text of the batch has the same logits alone, in any bucket, and beside padding rows', () => {
  const alone = texts.map((text) => [...training.logits(batchOf(training, table, [text], 1), context).dataSync()])
  expectClose(alone.flat(), flat(golden.logits), 'alone')
  const beside = training.logits(batchOf(training, table, texts, 5), context)
  expect(beside.shape).toEqual([5, 2])
  expectClose(beside.dataSync().slice(0, 6), flat(golden.logits), 'beside padding')
})

test('nothing of a step stays in memory', () => {
  const before = tf.memory().numTensors
  tf.tidy(() => gradientsOf(() => training.logits(batchOf(training, table, texts, 3), context)))
  expect(tf.memory().numTensors).toBe(before)
})
