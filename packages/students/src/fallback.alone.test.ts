import { expect, test } from 'vitest'

process.env.KD_ENGINE = 'tfjs'
const { adam, engine, trainStep } = await import('@kd/jit')
const { Vocabulary } = await import('@kd/runtime')
const { bilstm, createStudent, siamese } = await import('./index.ts')
const tf = await import('@tensorflow/tfjs-core')

test('without the native engine the layers answer', async () => {
  expect((await engine()).native).toBe(false)
  const vocabulary = Vocabulary.build(['a warm and clever little film'])
  const student = await createStudent(bilstm({ hidden: 4, dense: 3, dimensions: 5 }), { labels: ['no', 'yes'], vocabulary, seed: 1 })
  const [first, second] = [await student.predict('a film'), await student.predict(['clever', 'a film'])]
  expect(second[1]!.logits).toHaveLength(2)
  for (const [index, logit] of first.logits.entries()) expect(second[1]!.logits[index]).toBeCloseTo(logit, 5)
  const weights = student.weights()
  weights['logits.bias'] = Float32Array.of(9, -9)
  student.setWeights(weights)
  expect((await student.predict('a film')).label).toBe('no')
  student.dispose()
})

test('without the native engine the layers answer for pairs, and learn them', async () => {
  const pairs = [
    { text: 'a warm film', pair: 'a clever little film', label: 1 },
    { text: 'a warm film', pair: 'a warm film', label: 0 },
    { text: 'little', pair: '', label: 1 },
  ]
  const vocabulary = Vocabulary.build(['a warm and clever little film'])
  const student = await createStudent(siamese({ hidden: 4, dense: 6, dimensions: 5, dropout: 0 }), {
    labels: ['no', 'yes'],
    vocabulary,
    seed: 1,
  })
  const logits = await student.logits(pairs)
  expect(logits).toHaveLength(6)
  const known = await student.encode(pairs.map(({ pair }) => pair))
  const compared = await student.compare('a warm film', known)
  for (const [at, logit] of [...compared.logits.subarray(0, 4)].entries()) expect(logits[at]).toBeCloseTo(logit, 5)

  const training = student.training()
  const step = trainStep({
    variables: training.variables,
    tables: training.tables,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 1,
    loss: (batch, context) => tf.mean(tf.squaredDifference(training.logits(batch, context), batch.inputs.targets!)) as never,
  })
  const batch = training.batch(pairs.map(training.encode), 3)
  const targets = { data: Float32Array.of(-1, 1, 1, -1, -1, 1), shape: [3, 2] }
  const losses: number[] = []
  for (let n = 0; n < 12; n++) losses.push((await step.run({ ids: batch.ids, inputs: { ...batch.inputs, targets } })).loss)
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2)
  await step.sync()
  expect(await student.logits(pairs)).not.toEqual(logits)
  await step.dispose()
  student.dispose()
})
