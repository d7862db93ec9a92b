import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { adam } from './optimizers/adam.ts'
import { profileOn } from './profile.ts'
import { testEngine } from './testing/engines.ts'
import { trainStepOn } from './train-step/train-step.ts'

const engine = testEngine('onnxruntime-node')

it('profile times the operators of what runs meanwhile, and prints them', async () => {
  await engine()
  const product = jitOn((x: tf.Tensor2D) => tf.tanh(tf.matMul(x, x)), engine)
  const x = tf.randomNormal([200, 200]) as tf.Tensor2D
  const plain = (await product(x)).dataSync()
  const profile = await profileOn(async () => {
    for (let i = 0; i < 3; i++) expect((await product(x)).dataSync()).toEqual(plain)
  }, engine)
  // ONNX Runtime makes one operator of the product and its activation.
  expect(profile.rows.map(({ operator, calls }) => [operator, calls])).toEqual([['FusedGemm', 3]])
  const sum = profile.rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  expect(sum).toBeGreaterThan(0)
  expect(profile.milliseconds).toBeGreaterThan(sum * 0.99)
  expect(String(profile)).toMatch(/^operator +calls +ms +share\n\w+ +3 +[\d.]+ +[\d.]+ %/)
  await product.dispose()
})

it('profile counts the loops that update weights', async () => {
  const two = testEngine('onnxruntime-node', 2)
  const weights = tf.variable(tf.ones([8, 8]))
  const step = trainStepOn(
    {
      variables: [weights],
      optimizer: adam(),
      seed: 1,
      parallel: { loss: 'mean' },
      loss: ({ inputs }) => tf.mean(tf.square(tf.matMul(inputs.x as tf.Tensor2D, weights as tf.Tensor2D))) as tf.Scalar,
    },
    two,
  )
  const x = { data: new Float32Array(32).fill(1), shape: [4, 8] }
  // The second worker starts with the first step.
  await profileOn(() => step.run({ inputs: { x } }), two)
  const profile = await profileOn(() => step.run({ inputs: { x } }), two)
  // One worker owns the only variable.
  expect(profile.rows.find(({ operator }) => operator === 'weights in loops')?.calls).toBe(1)
  expect(profile.rows.find(({ operator }) => operator.endsWith('Gemm'))?.calls).toBeGreaterThan(1)
  await step.dispose()
})

it('profile hands on what the work throws, and can be taken again', async () => {
  const failing = profileOn(() => Promise.reject(new Error('no')), engine)
  await expect(failing).rejects.toThrow('no')
  expect((await profileOn(() => {}, engine)).rows).toEqual([])
  await expect(profileOn(() => {}, testEngine('tfjs'))).rejects.toThrow('onnxruntime-node')
})
