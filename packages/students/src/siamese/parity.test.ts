import { Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { input, model } from '@tensorflow/tfjs-layers'
import { beforeAll, expect, test } from 'vitest'
import { batchOf, context, expectClose, flat, goldenFile, type Nested, named } from '../../test/golden.ts'
import { assign, buildHead, type Head } from '../student/layers.ts'
import type { StudentTraining } from '../student/student.ts'
import { type DenseWeights, fromNamed, toNamed } from '../student/weights.ts'
import { readyTensorflow } from '../tensorflow.ts'
import { PairFeaturesLayer, pairFeatures } from './features.ts'
import { siameseTraining } from './training.ts'

interface Golden {
  a: number[][][]
  b: number[][][]
  targets: number[][]
  features: number[][]
  logits: number[][]
  loss: number
  parameters: Record<string, Nested>
  gradients: Record<string, Nested>
}
const golden: Golden = goldenFile('siamese.json')
const sizes = { inputs: 5, hidden: 4, features: 32, dense: 6, classes: 2 }
const pairs = golden.a.length

/** Each word of both sides stands in a row of its own; row 0 is padding, with values that must not matter. */
const words = golden.a.flat().length + golden.b.flat().length
const table = new Float32Array((1 + words) * 5).fill(9)
let id = 0
const idsOf = (side: number[][][]) =>
  side.map((words) =>
    Int32Array.from(words, (word) => {
      table.set(word, ++id * 5)
      return id
    }),
  )
const [first, second] = [idsOf(golden.a), idsOf(golden.b)]
const encoded = first.map((words, row) => Int32Array.of(words.length, ...words, ...second[row]!))

let head: Head
let training: StudentTraining
beforeAll(async () => {
  await readyTensorflow()
  await tf.setBackend('cpu')
  head = buildHead(sizes)
  const parameters = fromNamed(
    named(golden.parameters, (a, b) => a + b),
    sizes,
  )
  for (const [name, values] of Object.entries(parameters)) assign(head.variables[name as keyof DenseWeights], values)
  training = siameseTraining({
    head,
    tables: [{ name: 'trainable', data: table, dimensions: 5, trainable: true }],
    vocabulary: Vocabulary.build([]),
    maxLength: 128,
    dropout: { words: 0, states: 0, dense: 0 },
  })
})

const onesOf = (side: number[][][]) => tf.ones([side.length, side[0]!.length], 'int32')
const states = (side: number[][][]) => head.bilstm.apply([tf.tensor3d(side), onesOf(side)]) as tf.Tensor2D

function layersLogits(): tf.Tensor {
  const sides = [golden.a, golden.b].map(() => [input({ shape: [null, 5] }), input({ shape: [null], dtype: 'int32' })])
  const read = sides.map((side) => head.bilstm.apply(side) as (typeof side)[0])
  const outputs = head.logits.apply(head.dense.apply(new PairFeaturesLayer({}).apply(read as never))) as (typeof sides)[0][0]
  const student = model({ inputs: sides.flat() as never, outputs: outputs as never })
  return student.apply([golden.a, golden.b].flatMap((side) => [tf.tensor3d(side), onesOf(side)])) as tf.Tensor
}

test('features of the final states are those of PyTorch', () => {
  expectClose(pairFeatures(states(golden.a), states(golden.b)).dataSync(), flat(golden.features), 'features')
})

test.each([
  ['the layers', layersLogits],
  ['the training step', () => training.logits(batchOf(training, table, encoded, pairs), context)],
])('%s: logits, loss and gradients are those of PyTorch', (_, logits) => {
  expectClose(logits().dataSync(), flat(golden.logits), 'logits')
  const names = Object.keys(head.variables) as (keyof DenseWeights)[]
  const { value, grads } = tf.variableGrads(
    () => tf.mean(tf.squaredDifference(logits(), tf.tensor2d(golden.targets))) as tf.Scalar,
    names.map((name) => head.variables[name]),
  )
  expect(value.dataSync()[0]!).toBeCloseTo(golden.loss, 5)
  const actual = toNamed(Object.fromEntries(names.map((name) => [name, grads[head.variables[name].name]!.dataSync()])) as never, sizes)
  for (const [name, expected] of Object.entries(named(golden.gradients, (a) => a))) expectClose(actual[name]!, expected, name)
})

test('a pair has the same logits alone, and beside padding rows', () => {
  const alone = encoded.map((pair) => [...training.logits(batchOf(training, table, [pair], 1), context).dataSync()])
  expectClose(alone.flat(), flat(golden.logits), 'alone')
  const beside = training.logits(batchOf(training, table, encoded, pairs + 2), context)
  expect(beside.shape).toEqual([pairs + 2, 2])
  expectClose(beside.dataSync().slice(0, 2 * pairs), flat(golden.logits), 'beside padding')
})

test('texts of any two lengths: each row is what the layers say of it', () => {
  const cut = encoded.map((_, row) => {
    const [a, b] = [first[row]!.subarray(0, 1 + row), second[row]!.subarray(row)]
    return Int32Array.of(a.length, ...a, ...b)
  })
  const logits = training.logits(batchOf(training, table, cut, pairs), context).dataSync()
  const expected = cut.flatMap((_, row) => {
    const sides = [golden.a[row]!.slice(0, 1 + row), golden.b[row]!.slice(row)].map((words) => states([words])) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ]
    return [...(head.logits.apply(head.dense.apply(pairFeatures(...sides))) as tf.Tensor).dataSync()]
  })
  expectClose(logits, expected, 'logits')
})
