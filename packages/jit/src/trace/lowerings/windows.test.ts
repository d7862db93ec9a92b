import '@tensorflow/tfjs-layers'
import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, it } from 'vitest'
import { checkTraced } from '../../testing/check-ops.ts'
import { testEngine } from '../../testing/engines.ts'
import type { OpRow } from '../../testing/op-rows.ts'

beforeAll(async () => {
  await testEngine('onnxruntime-node')()
}, 60_000)

type Image = tf.Tensor4D

/** A way to lay windows over an image, drawn at random: sizes, strides, padding, dilations. */
function drawn(seed: number): OpRow {
  const random = new Random(seed, 'windows')
  const whole = (from: number, to: number) => from + Math.floor(random.uniform() * (to - from + 1))
  const [height, width, channels, out] = [whole(3, 9), whole(3, 9), whole(1, 3), whole(1, 4)]
  const size: [number, number] = [whole(1, 3), whole(1, 3)]
  const strides: [number, number] = [whole(1, 3), whole(1, 3)]
  const pad = (['same', 'valid', 0, Math.min(...size) - 1] as const)[whole(0, 3)]!
  // A number as padding can leave windows of nothing where they are not square.
  const poolPad = typeof pad === 'number' && (size[0] !== size[1] || strides[0] !== strides[1] || pad >= size[0]) ? 'same' : pad
  const dilated = strides.every((stride) => stride === 1) && random.uniform() < 0.5 && Math.max(...size) * 2 - 1 <= Math.min(height, width)
  const image = [whole(1, 2), height, width, channels]
  const kinds: [string, number[][], OpRow['fn']][] = [
    ['Conv2D', [image, [...size, channels, out]], (x, w) => tf.conv2d(x as Image, w as Image, strides, pad, 'NHWC', dilated ? 2 : 1)],
    [
      'DepthwiseConv2dNative',
      [image, [...size, channels, 2]],
      (x, w) => tf.depthwiseConv2d(x as Image, w as Image, strides, pad, 'NHWC', dilated ? 2 : 1),
    ],
    ['MaxPool', [image], (x) => tf.maxPool(x as Image, size, strides, poolPad)],
    ['AvgPool', [image], (x) => tf.avgPool(x as Image, size, strides, poolPad)],
    [
      'Dilation2D',
      [image, [...size, channels]],
      (x, w) => tf.dilation2d(x as Image, w as tf.Tensor3D, strides, typeof pad === 'number' ? 'valid' : pad),
    ],
  ]
  const [kernel, shapes, fn] = kinds[seed % kinds.length]!
  const gradient = !(dilated && kernel !== 'MaxPool' && kernel !== 'AvgPool' && kernel !== 'Dilation2D')
  return {
    kernel,
    of: `${seed}: ${image} by ${size}, strides ${strides}, padding ${pad}${dilated ? ', dilated' : ''}`,
    fn,
    shapes,
    range: [-1, 1],
    tolerance: 1e-5,
    gradient,
  }
}

describe('windows drawn at random, with gradients', () => {
  it.each([7, 10])('part %d', (part) => checkTraced(Array.from({ length: 25 }, (_, at) => drawn(part * 25 + at))))
})
