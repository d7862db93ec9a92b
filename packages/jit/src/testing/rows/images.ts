import * as tf from '@tensorflow/tfjs-core'
import { none, type OpRow } from './row.ts'

type Image = tf.Tensor4D
const image = [[1, 5, 4, 2]]
const square = [[2, 4, 4, 2]]
const float = { tolerance: 5e-6 }
const halfPixels = { notTheDerivative: 'TensorFlow.js forgets the half pixels in the gradient' }

const sizes = [
  ['smaller', [3, 2]],
  ['larger', [7, 9]],
  ['one pixel', [1, 1]],
] as const
const ways = [
  ['', false, false],
  [', corners aligned', true, false],
  [', half pixels', false, true],
] as const

const resizing = sizes.flatMap(([size, to]) =>
  ways.flatMap(([way, align, half]): OpRow[] => [
    {
      kernel: 'ResizeBilinear',
      of: `${size}${way}`,
      fn: (x) => tf.image.resizeBilinear(x as Image, [...to], align, half),
      shapes: square,
      ...(half ? halfPixels : {}),
      ...float,
    },
    {
      kernel: 'ResizeNearestNeighbor',
      of: `${size}${way}`,
      fn: (x) => tf.image.resizeNearestNeighbor(x as Image, [...to], align, half),
      shapes: image,
      ...(half ? halfPixels : {}),
      ...float,
    },
  ]),
)

const boxes = {
  shapes: [[2, 5, 4, 3], [3, 4], [3]],
  types: ['float32', 'float32', 'int32'] as const,
  values: { 1: [0, 0, 1, 1, 0.2, 0.1, 0.8, 1.3, 0.9, 0.5, 0.1, 0.2], 2: [1, 0, 1] },
}
const projection = [1.5, 0.3, -4.2, 0.2, 2.1, -7.1, 0.01, 0.02]

export const imagesRows: OpRow[] = [
  ...resizing,
  {
    kernel: 'ResizeBilinear',
    of: 'integers',
    fn: (x) => tf.image.resizeBilinear(x as Image, [3, 7]),
    shapes: image,
    types: ['int32'],
    ...none,
  },
  {
    kernel: 'ResizeNearestNeighbor',
    of: 'integers',
    fn: (x) => tf.image.resizeNearestNeighbor(x as Image, [3, 7]),
    shapes: image,
    types: ['int32'],
    ...none,
  },
  ...(['bilinear', 'nearest'] as const).flatMap((method): OpRow[] => [
    {
      kernel: 'CropAndResize',
      of: method,
      fn: (x, b, i) => tf.image.cropAndResize(x as Image, b as tf.Tensor2D, i as tf.Tensor1D, [3, 4], method, 9),
      ...boxes,
      ...none,
    },
    {
      kernel: 'CropAndResize',
      of: `${method}, one pixel of an image that is not there`,
      fn: (x, b, i) => tf.image.cropAndResize(x as Image, b as tf.Tensor2D, i as tf.Tensor1D, [1, 1], method, 9),
      ...boxes,
      values: { ...boxes.values, 2: [1, 0, 7] },
      ...none,
    },
    // TensorFlow.js's cpu backend leaves off after the first image of a batch.
    ...(['constant', 'reflect', 'wrap', 'nearest'] as const).map(
      (mode): OpRow => ({
        kernel: 'Transform',
        of: `${method}, ${mode}`,
        fn: (x, t) => tf.image.transform(x as Image, t as tf.Tensor2D, method, mode, 5),
        shapes: [
          [1, 5, 4, 3],
          [1, 8],
        ],
        values: { 1: projection },
        tolerance: 1e-5,
        ...none,
      }),
    ),
  ]),
  {
    kernel: 'Transform',
    of: 'into another size',
    fn: (x, t) => tf.image.transform(x as Image, t as tf.Tensor2D, 'bilinear', 'reflect', 0, [3, 7]),
    shapes: [
      [1, 5, 4, 3],
      [1, 8],
    ],
    values: { 1: [3.1, 0.3, -14.2, 0.2, -5.1, -2.1, 0, 0] },
    tolerance: 1e-5,
    ...none,
  },
  { kernel: 'FlipLeftRight', fn: (x) => tf.image.flipLeftRight(x as Image), shapes: [[2, 5, 4, 3]], ...none },
  {
    kernel: 'RotateWithOffset',
    fn: (x) => tf.image.rotateWithOffset(x as Image, 0.7, [1, 2, 3], [0.4, 0.5]),
    shapes: [[2, 5, 4, 3]],
    ...none,
  },
  {
    kernel: 'RotateWithOffset',
    of: 'with opacity',
    fn: (x) => tf.image.rotateWithOffset(x as Image, -2, [1, 2, 3]),
    shapes: [[2, 5, 4, 4]],
    ...none,
  },
  {
    kernel: 'RotateWithOffset',
    of: 'one number',
    fn: (x) => tf.image.rotateWithOffset(x as Image, 0.7, 9),
    shapes: [[2, 5, 4, 3]],
    ...none,
  },
]
