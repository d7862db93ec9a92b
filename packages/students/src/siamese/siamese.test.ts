import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adam, trainStep } from '@kd/jit'
import { load, Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectClose } from '../../test/golden.ts'
import { createStudent, loadStudent, type Student, type StudentOptions, siamese } from '../index.ts'

const labels = ['different', 'duplicate']
const pairs = [
  { text: 'How do I learn to swim?', pair: 'What is the best way to learn swimming?', label: 1 },
  { text: 'How do I learn to swim?', pair: 'How do I learn to ski?', label: 0 },
  { text: 'Why is the sky blue?', pair: 'What makes the sky look blue on a day without a single cloud?', label: 1 },
  { text: 'Why is the sky blue?', pair: '', label: 0 },
  { text: 'Where do penguins live?', pair: 'Where do penguins live?', label: 1 },
  { text: 'What do penguins eat?', pair: 'Where do penguins live?', label: 0 },
]
const vocabulary = Vocabulary.build(pairs.flatMap(({ text, pair }) => [text, pair]))
const small = (options: StudentOptions = {}) =>
  createStudent(siamese({ hidden: 6, dense: 5, dimensions: 7, channels: 'both', ...options }), { labels, vocabulary, seed: 3 })

let folder: string
let student: Student
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-siamese-'))
  student = await small()
})
afterAll(async () => {
  student.dispose()
  await rm(folder, { recursive: true })
})

function layersLogits({ model }: Student): Float32Array {
  return tf.tidy(() => {
    const sides = (['text', 'pair'] as const).map((side) => {
      const ids = pairs.map((pair) => vocabulary.ids(pair[side]))
      const length = Math.max(...ids.map(({ length }) => length))
      return tf.tensor2d(
        ids.map((words) => [...words, ...new Array(length - words.length).fill(0)]),
        undefined,
        'int32',
      )
    })
    return (model.predict(sides) as tf.Tensor).dataSync() as Float32Array
  })
}

test('engine and layers agree; a pair has the same logits in any company', async () => {
  const logits = await student.logits(pairs)
  expectClose(layersLogits(student), logits, 'layers')
  for (const [row, pair] of pairs.entries()) expectClose(await student.logits([pair]), logits.subarray(2 * row, 2 * row + 2), 'alone')
  const many = Array.from({ length: 600 }, (_, row) => pairs[(row * 5) % 6]!)
  const expected = many.flatMap((pair) => [...logits.subarray(2 * pairs.indexOf(pair), 2 * pairs.indexOf(pair) + 2)])
  expectClose(await student.logits(many), expected, 'over several batches')
})

test('the order of the two texts matters, and which is which', async () => {
  const turned = await student.logits(pairs.map(({ text, pair }) => ({ text: pair, pair: text })))
  const logits = await student.logits(pairs)
  expectClose(turned.subarray(8, 10), logits.subarray(8, 10), 'identical texts')
  expect(Math.abs(turned[0]! - logits[0]!)).toBeGreaterThan(1e-4)
})

test('predict: a pair or several', async () => {
  const several = await student.predict(pairs)
  const one = await student.predict(pairs[0]!)
  expect(await student.predict(pairs[0]!.text, pairs[0]!.pair)).toEqual(one)
  expect(several.map(({ label }) => labels.includes(label))).not.toContain(false)
  expectClose(one.logits, several[0]!.logits, 'logits')
})

test('compare: the logits of the pairs, best first; what was encoded is plain data', async () => {
  const texts = pairs.map(({ pair }) => pair)
  const known = await student.encode(texts)
  expect(known).toEqual({ length: 6, states: expect.any(Float32Array) })
  expect(known.states.length).toBe(6 * 12)
  expect(known.states.subarray(48, 60)).toEqual(known.states.subarray(60, 72))
  const query = 'How do I learn to swim?'
  const copy = { length: known.length, states: Float32Array.from(JSON.parse(JSON.stringify([...known.states]))) }
  const comparison = await student.compare(query, copy)
  const predictions = await student.predict(texts.map((pair) => ({ text: query, pair })))
  expectClose(
    comparison.logits,
    predictions.flatMap(({ logits }) => logits),
    'logits',
  )
  const [best, second] = comparison.top(2)
  expect(best!.probability).toBeGreaterThanOrEqual(second!.probability)
  expect(best!.probability).toBeCloseTo(Math.max(...predictions.map(({ probabilities }) => probabilities[1]!)), 5)
  expect(comparison.top(9, 'different')[0]!.index).toBe(comparison.top(6).at(-1)!.index)
  const many = { length: 5000, states: new Float32Array(5000 * 12).map((_, at) => known.states[at % 72]!) }
  const { logits } = await student.compare(query, many)
  for (const row of [0, 2047, 2048, 4999]) expectClose(logits.subarray(2 * row, 2 * row + 2), predictions[row % 6]!.logits, `row ${row}`)
  expect((await student.compare(query, { length: 0, states: new Float32Array(0) })).top(3)).toEqual([])
})

test.each(['float32', 'int8', 'int4'] as const)('saved in %s, @kd/runtime serves it and loadStudent reads it', async (weights) => {
  const place = join(folder, weights)
  await student.save(place, { weights, measure: { made: pairs } })
  const [loaded, served] = [await loadStudent(place), await load(place)]
  const logits = await loaded.logits(pairs)
  if (weights === 'float32') expect(logits).toEqual(await student.logits(pairs))
  for (const [row, { text, pair }] of pairs.entries()) {
    for (const [i, logit] of served.logits({ text, pair }).entries()) expect(Math.abs(logit - logits[2 * row + i]!)).toBeLessThan(3e-3)
  }
  const texts = pairs.map(({ pair }) => pair)
  const [here, there] = [await loaded.encode(texts), served.encode(texts)]
  for (const [at, state] of there.states.entries()) expect(Math.abs(state - here.states[at]!)).toBeLessThan(3e-3)
  loaded.dispose()
})

test('one label is a score: saved, served, and what compare ranks by', async () => {
  const scorer = await createStudent(siamese({ hidden: 6, dense: 5, dimensions: 7 }), { labels: ['similarity'], vocabulary, seed: 3 })
  const place = join(folder, 'score')
  await scorer.save(place, { weights: 'int8' })
  const served = await load(place)
  const known = await scorer.encode(pairs.map(({ pair }) => pair))
  const comparison = await scorer.compare('Why is the sky blue?', known)
  expect(comparison.logits).toHaveLength(6)
  const best = comparison.top(6)
  expect(best.map(({ index }) => comparison.logits[index])).toEqual([...comparison.logits].sort((a, b) => b - a))
  const prediction = served.predict(pairs[0]!)
  expect(prediction).toMatchObject({ label: 'similarity', probability: 1 })
  expect(Math.abs(prediction.logits[0]! - (await scorer.logits([pairs[0]!]))[0]!)).toBeLessThan(0.02)
  scorer.dispose()
})

test('a step of the engine learns the pairs, in two parts as in one', async () => {
  const targets = pairs.map(({ label }) => (label === 0 ? [2, -2] : [-2, 2]))
  const learner = await small({ dropout: 0, hidden: 12, dense: 16 })
  const training = learner.training()
  const step = trainStep({
    variables: training.variables,
    tables: training.tables,
    optimizer: adam({ learningRate: 0.02 }),
    seed: 1,
    parallel: { loss: 'mean', axes: training.exampleAxes },
    loss: (batch, context) => tf.mean(tf.squaredDifference(training.logits(batch, context), batch.inputs.targets!)) as tf.Scalar,
  })
  const batch = training.batch(pairs.map(training.encode), 6)
  const inputs = { ...batch.inputs, targets: { data: Float32Array.from(targets.flat()), shape: [6, 2] } }
  let loss = 0
  for (let n = 0; n < 120; n++) ({ loss } = await step.run({ ids: batch.ids, inputs }))
  expect(loss).toBeLessThan(0.05)
  await step.sync()
  expect((await learner.predict(pairs)).map(({ label }) => labels.indexOf(label))).toEqual(pairs.map(({ label }) => label))
  await step.dispose()
  learner.dispose()
})

test('single texts, other sizes, single-text students are refused with what to do', async () => {
  const data = { name: 'KdError', kind: 'data', fix: expect.stringContaining('{ text, pair }') }
  await expect(student.predict('one text')).rejects.toMatchObject(data)
  await expect(student.logits([pairs[0]!, { text: 'one' }])).rejects.toMatchObject(data)
  expect(() => student.training().encode({ text: 'one' })).toThrow(expect.objectContaining(data))
  const short = { length: 2, states: new Float32Array(12) }
  await expect(student.compare('a', short)).rejects.toMatchObject({ kind: 'option', where: { option: 'known' } })
  await expect(student.encode(['a'], { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' })
})

test('a student frees its tensors', async () => {
  const before = tf.memory().numTensors
  const other = await small()
  await other.logits(pairs)
  layersLogits(other)
  other.dispose()
  expect(tf.memory().numTensors).toBe(before)
})
