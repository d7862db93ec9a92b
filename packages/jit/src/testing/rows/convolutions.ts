import * as tf from '@tensorflow/tfjs-core'
import { none, type OpRow } from './row.ts'

type Image = tf.Tensor4D
type Volume = tf.Tensor5D

const conv = (strides: number, pad: 'same' | 'valid' | number) => (x: tf.Tensor, filter: tf.Tensor) =>
  tf.conv2d(x as Image, filter as Image, strides, pad)
const depthwise = (strides: number, pad: 'same' | 'valid') => (x: tf.Tensor, filter: tf.Tensor) =>
  tf.depthwiseConv2d(x as Image, filter as Image, strides, pad)
const volume = (strides: number, pad: 'same' | 'valid') => (x: tf.Tensor, filter: tf.Tensor) =>
  tf.conv3d(x as Volume, filter as Volume, strides, pad)

const image = [2, 5, 6, 3]
const filter = [3, 2, 3, 4]
const sum = { tolerance: 1e-5 }
const small = { range: [-1, 1] as const, ...sum }

export const convolutionRows: OpRow[] = [
  { kernel: 'Conv2D', fn: conv(1, 'same'), shapes: [image, filter], ...small },
  { kernel: 'Conv2D', of: 'without padding', fn: conv(1, 'valid'), shapes: [image, filter], ...small },
  { kernel: 'Conv2D', of: 'strides', fn: conv(2, 'same'), shapes: [image, filter], ...small },
  { kernel: 'Conv2D', of: 'strides, elements left over', fn: conv(3, 'valid'), shapes: [image, filter], ...small },
  { kernel: 'Conv2D', of: 'strides longer than the filter', fn: conv(3, 'same'), shapes: [image, [2, 2, 3, 4]], ...small },
  { kernel: 'Conv2D', of: 'padding of one', fn: conv(2, 1), shapes: [image, filter], ...small },
  { kernel: 'Conv2D', of: 'each pixel by itself', fn: conv(1, 'same'), shapes: [image, [1, 1, 3, 4]], ...small },
  { kernel: 'Conv2D', of: 'every other pixel', fn: conv(2, 'valid'), shapes: [image, [1, 1, 3, 4]], ...small },
  {
    kernel: 'Conv2D',
    of: 'many channels',
    fn: conv(1, 'same'),
    shapes: [
      [1, 3, 3, 40],
      [2, 2, 40, 3],
    ],
    ...small,
  },
  { kernel: 'Conv2D', of: 'an empty batch', fn: conv(1, 'same'), shapes: [[0, 5, 6, 3], filter], ...none },
  {
    kernel: 'Conv2D',
    of: 'channels first',
    fn: (x, w) => tf.conv2d(x as Image, w as Image, 1, 'same', 'NCHW'),
    shapes: [[2, 3, 5, 6], filter],
    ...small,
  },
  {
    kernel: 'Conv2D',
    of: 'dilations',
    fn: (x, w) => tf.conv2d(x as Image, w as Image, 1, 'same', 'NHWC', 2),
    shapes: [image, filter],
    ...none,
    ...small,
  },
  {
    kernel: 'Conv2D',
    of: 'uneven padding',
    fn: (x, w) =>
      tf.conv2d(x as Image, w as Image, 2, [
        [0, 0],
        [1, 2],
        [0, 3],
        [0, 0],
      ]),
    shapes: [image, filter],
    ...small,
  },
  {
    kernel: 'Conv2D',
    of: 'a size rounded up',
    fn: (x, w) => tf.conv2d(x as Image, w as Image, 2, 1, 'NHWC', 1, 'ceil'),
    shapes: [image, filter],
    ...none,
    ...small,
  },
  {
    kernel: 'Conv2D',
    of: 'of one dimension',
    fn: (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 2, 'same'),
    shapes: [
      [2, 7, 3],
      [3, 3, 4],
    ],
    ...small,
  },
  {
    kernel: 'Conv2DBackpropInput',
    fn: (y, w) => tf.conv2dTranspose(y as Image, w as Image, [2, 9, 8, 3], 2, 'same'),
    shapes: [
      [2, 5, 4, 4],
      [3, 3, 3, 4],
    ],
    ...small,
  },
  {
    kernel: 'Conv2DBackpropInput',
    of: 'without padding',
    fn: (y, w) => tf.conv2dTranspose(y as Image, w as Image, [2, 11, 9, 3], 2, 'valid'),
    shapes: [
      [2, 5, 4, 4],
      [3, 3, 3, 4],
    ],
    ...small,
  },
  { kernel: 'DepthwiseConv2dNative', fn: depthwise(1, 'same'), shapes: [image, [3, 2, 3, 2]], ...small },
  { kernel: 'DepthwiseConv2dNative', of: 'strides', fn: depthwise(2, 'valid'), shapes: [image, [2, 2, 3, 1]], ...small },
  {
    kernel: 'DepthwiseConv2dNative',
    of: 'dilations',
    fn: (x, w) => tf.depthwiseConv2d(x as Image, w as Image, 1, 'valid', 'NHWC', 2),
    shapes: [image, [2, 2, 3, 2]],
    ...none,
    ...small,
  },
  {
    kernel: 'DepthwiseConv2dNative',
    of: 'and pointwise',
    fn: (x, w, p) => tf.separableConv2d(x as Image, w as Image, p as Image, 1, 'same'),
    shapes: [image, [3, 3, 3, 2], [1, 1, 6, 4]],
    ...small,
  },
  {
    kernel: 'Conv3D',
    fn: volume(1, 'same'),
    shapes: [
      [1, 3, 4, 5, 2],
      [2, 3, 2, 2, 3],
    ],
    ...small,
  },
  {
    kernel: 'Conv3D',
    of: 'strides',
    fn: volume(2, 'valid'),
    shapes: [
      [1, 4, 4, 5, 2],
      [2, 3, 2, 2, 3],
    ],
    ...small,
  },
  {
    kernel: 'Conv3DBackpropInputV2',
    fn: (y, w) => tf.conv3dTranspose(y as Volume, w as Volume, [1, 4, 5, 6, 2], 2, 'same'),
    shapes: [
      [1, 2, 3, 3, 3],
      [2, 3, 2, 2, 3],
    ],
    ...none,
    ...small,
  },
  ...(['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'prelu', 'sigmoid'] as const).flatMap((activation): OpRow[] => {
    const how = { strides: 1, pad: 'same', activation, leakyreluAlpha: 0.1 } as const
    const alpha = (bias: tf.Tensor) => (activation === 'prelu' ? { preluActivationWeights: bias } : {})
    return [
      {
        kernel: 'FusedConv2D',
        of: activation,
        fn: (x, w, bias) => tf.fused.conv2d({ x: x as Image, filter: w as Image, bias, ...alpha(bias!), ...how }),
        shapes: [image, filter, [4]],
        ...none,
        ...small,
      },
      {
        kernel: 'FusedDepthwiseConv2D',
        of: activation,
        fn: (x, w, bias) => tf.fused.depthwiseConv2d({ x: x as Image, filter: w as Image, bias, ...alpha(bias!), ...how }),
        shapes: [image, [3, 2, 3, 2], [6]],
        ...none,
        ...small,
      },
    ]
  }),
  {
    kernel: 'FusedConv2D',
    of: 'channels first',
    fn: (x, w, bias) =>
      tf.fused.conv2d({ x: x as Image, filter: w as Image, strides: 1, pad: 'same', dataFormat: 'NCHW', bias, activation: 'relu' }),
    shapes: [[2, 3, 5, 6], filter, [4]],
    ...none,
    ...small,
  },
  {
    kernel: 'FusedConv2D',
    of: 'its gradient',
    fn: (x, w, bias) => tf.fused.conv2d({ x: x as Image, filter: w as Image, strides: 1, pad: 'same', bias, activation: 'relu' }),
    shapes: [image, filter, [4]],
    ...small,
    range: [0.1, 1],
  },
]
