import { expect, test } from 'vitest'

process.env.KD_ENGINE = 'tfjs'
const { engine } = await import('@kd/jit')
const { Vocabulary } = await import('@kd/runtime')
const { bilstm, createStudent } = await import('./index.ts')

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
