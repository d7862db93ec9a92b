import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gelu, layerNorm } from './hand-gradients.ts'

beforeAll(async () => {
  tf.env().set('IS_TEST', true) // Without it TensorFlow.js prints an advertisement.
  await tf.setBackend('cpu')
})
afterAll(() => tf.env().set('IS_TEST', false))

type Rows = (x: tf.Tensor2D, gain: tf.Tensor1D, bias: tf.Tensor1D) => tf.Tensor2D

it.each<[string, Rows, Rows]>([
  ['gelu', (x) => gelu(x), (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))],
  [
    'layerNorm',
    (x, gain, bias) => layerNorm(x, gain, bias, 1e-5),
    (x, gain, bias) => {
      const centred = tf.sub(x, tf.mean(x, 1, true))
      return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), 1e-5))), gain), bias)
    },
  ],
])('%s has the values and gradients that TensorFlow.js derives', (_, fn, plain) => {
  tf.tidy(() => {
    const random = new Random(1, 'rows')
    const normals = (...shape: number[]) =>
      tf.tensor(
        Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * random.normal()),
        shape,
      )
    const [x, gain, bias, weights] = [normals(7, 12), normals(12), normals(12), normals(7, 12)]
    const found = [fn, plain].map((rows) => {
      const loss = (x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor) =>
        tf.add(
          tf.sum(tf.mul(rows(x as tf.Tensor2D, gain as tf.Tensor1D, bias as tf.Tensor1D), weights)),
          tf.mul(tf.sum(tf.add(gain, bias)), 0),
        )
      return [rows(x as tf.Tensor2D, gain as tf.Tensor1D, bias as tf.Tensor1D), ...tf.grads(loss)([x, gain, bias])].map((tensor) =>
        tensor.dataSync(),
      )
    })
    found[0]!.forEach((values, index) => {
      values.forEach((value, at) => {
        expect(Math.abs(value - found[1]![index]![at]!)).toBeLessThan(1e-5)
      })
    })
  })
})
