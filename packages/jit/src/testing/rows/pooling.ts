import * as tf from '@tensorflow/tfjs-core'
import { none, type OpRow } from './row.ts'

type Image = tf.Tensor4D
type Volume = tf.Tensor5D
type Padding = 'same' | 'valid'

const max = (size: number, strides: number, pad: Padding) => (x: tf.Tensor) => tf.maxPool(x as Image, size, strides, pad)
const average = (size: number | [number, number], strides: number, pad: Padding) => (x: tf.Tensor) =>
  tf.avgPool(x as Image, size, strides, pad)

const image = [[2, 5, 6, 2]]
const volume = [[1, 4, 4, 5, 2]]
const padded = { notTheDerivative: 'TensorFlow.js divides by the whole window there, and forwards by its part inside the image' }
const nothing = { range: [-3, -2] as const, ...none }

export const poolingRows: OpRow[] = [
  { kernel: 'MaxPool', fn: max(2, 2, 'valid'), shapes: image, apart: true },
  { kernel: 'MaxPool', of: 'overlapping, padded', fn: max(3, 2, 'same'), shapes: image, apart: true },
  { kernel: 'MaxPool', of: 'a window a pixel', fn: max(3, 1, 'same'), shapes: image, apart: true },
  { kernel: 'MaxPool', of: 'every other pixel', fn: max(1, 2, 'valid'), shapes: image, apart: true },
  { kernel: 'MaxPool', of: 'below zero, padded', fn: max(3, 2, 'same'), shapes: image, ...nothing },
  {
    kernel: 'MaxPool',
    of: 'equal elements',
    fn: (x) => tf.maxPool(tf.relu(x) as Image, 2, 1, 'same'),
    shapes: image,
    notTheDerivative: 'the first of equal elements gets all of it',
  },
  {
    kernel: 'MaxPool',
    of: 'one dimension',
    fn: (x) => tf.squeeze(tf.maxPool(tf.expandDims(x, 2) as Image, [2, 1], [2, 1], 'valid'), [2]),
    shapes: [[2, 7, 3]],
    apart: true,
  },
  { kernel: 'MaxPool', of: 'dilated', fn: (x) => tf.pool(x as Image, 2, 'max', 'same', 2), shapes: [[1, 6, 6, 2]], ...none },
  { kernel: 'AvgPool', fn: average(2, 2, 'valid'), shapes: image },
  { kernel: 'AvgPool', of: 'overlapping', fn: average([3, 2], 1, 'valid'), shapes: image, tolerance: 5e-6 },
  { kernel: 'AvgPool', of: 'strides longer than the window', fn: average(2, 3, 'valid'), shapes: image },
  { kernel: 'AvgPool', of: 'padded', fn: average(3, 2, 'same'), shapes: image, ...padded },
  { kernel: 'AvgPool', of: 'dilated', fn: (x) => tf.pool(x as Image, 2, 'avg', 'valid', 2), shapes: [[1, 6, 6, 2]], ...none },
  ...[true, false].map(
    (batch): OpRow => ({
      kernel: 'MaxPoolWithArgmax',
      of: batch ? 'counted over the batch' : 'counted over the image',
      fn: (x) => {
        const { result, indexes } = tf.maxPoolWithArgmax(x as Image, [3, 2], 2, 'same', batch)
        return [result!, indexes!]
      },
      shapes: image,
      ...none,
    }),
  ),
  { kernel: 'MaxPool3D', fn: (x) => tf.maxPool3d(x as Volume, 2, 2, 'valid'), shapes: volume, apart: true },
  { kernel: 'MaxPool3D', of: 'overlapping, padded', fn: (x) => tf.maxPool3d(x as Volume, 2, 1, 'same'), shapes: volume, apart: true },
  {
    kernel: 'MaxPool3D',
    of: 'equal elements',
    fn: (x) => tf.maxPool3d(tf.relu(x) as Volume, 2, 1, 'same'),
    shapes: volume,
    notTheDerivative: 'the last of equal elements gets all of it',
  },
  { kernel: 'AvgPool3D', fn: (x) => tf.avgPool3d(x as Volume, [2, 2, 3], 1, 'valid'), shapes: volume, tolerance: 5e-6 },
  { kernel: 'AvgPool3D', of: 'padded', fn: (x) => tf.avgPool3d(x as Volume, 2, 2, 'same'), shapes: [[1, 3, 4, 5, 2]], ...padded },
  {
    kernel: 'Dilation2D',
    fn: (x, w) => tf.dilation2d(x as Image, w as tf.Tensor3D, 1, 'same'),
    shapes: [
      [2, 4, 5, 2],
      [2, 3, 2],
    ],
  },
  {
    kernel: 'Dilation2D',
    of: 'strides and gaps',
    fn: (x, w) => tf.dilation2d(x as Image, w as tf.Tensor3D, 2, 'valid', 2),
    shapes: [
      [2, 6, 7, 2],
      [2, 3, 2],
    ],
  },
  {
    kernel: 'FusedBatchNorm',
    fn: (x, mean, variance, offset, scale) =>
      tf.batchNorm(x!, mean as tf.Tensor1D, tf.add(tf.square(variance!), 0.5) as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D),
    shapes: [[2, 3, 2, 5], [5], [5], [5], [5]],
    range: [-1, 1],
    tolerance: 1e-5,
  },
  {
    kernel: 'FusedBatchNorm',
    of: 'neither scale nor offset, an epsilon',
    fn: (x, mean, variance) =>
      tf.batchNorm2d(x as tf.Tensor2D, mean as tf.Tensor1D, tf.square(variance!) as tf.Tensor1D, undefined, undefined, 0.3),
    shapes: [[4, 5], [5], [5]],
    range: [-1, 1],
    tolerance: 1e-5,
    ...none,
  },
  { kernel: 'LRN', fn: (x) => tf.localResponseNormalization(x as Image, 1, 1, 0.5, 0.75), shapes: [[2, 2, 3, 5]], tolerance: 1e-5 },
  { kernel: 'LRN', of: 'all channels', fn: (x) => tf.localResponseNormalization(x as Image), shapes: [[2, 2, 3, 4]], tolerance: 1e-5 },
  { kernel: 'LRN', of: 'one channel', fn: (x) => tf.localResponseNormalization(x as Image, 2), shapes: [[2, 2, 3, 1]], tolerance: 1e-5 },
]
