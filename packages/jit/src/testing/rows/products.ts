import * as tf from '@tensorflow/tfjs-core'
import { none, type OpRow } from './row.ts'

export const productsRows: OpRow[] = [
  {
    kernel: 'BatchMatMul',
    fn: (a, b) => tf.matMul(a!, b!),
    shapes: [
      [3, 5],
      [5, 4],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'a transposed',
    fn: (a, b) => tf.matMul(a!, b!, true),
    shapes: [
      [5, 3],
      [5, 4],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'a transposed, b wide: in two operations',
    fn: (a, b) => tf.matMul(a!, b!, true),
    shapes: [
      [64, 64],
      [64, 256],
    ],
    tolerance: 2e-5,
    ...none,
  },
  {
    kernel: 'BatchMatMul',
    of: 'b transposed',
    fn: (a, b) => tf.matMul(a!, b!, false, true),
    shapes: [
      [3, 5],
      [4, 5],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'both transposed',
    fn: (a, b) => tf.matMul(a!, b!, true, true),
    shapes: [
      [5, 3],
      [4, 5],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'a batch',
    fn: (a, b) => tf.matMul(a!, b!),
    shapes: [
      [2, 3, 5],
      [2, 5, 4],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'a batch, transposed',
    fn: (a, b) => tf.matMul(a!, b!, true, true),
    shapes: [
      [2, 5, 3],
      [2, 4, 5],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'four axes',
    fn: (a, b) => tf.matMul(a!, b!, false, true),
    shapes: [
      [2, 2, 3, 5],
      [2, 2, 4, 5],
    ],
  },
  { kernel: 'BatchMatMul', of: 'plus a bias', fn: (a, b, c) => tf.add(tf.matMul(a!, b!), c!), shapes: [[3, 5], [5, 4], [4]] },
  {
    kernel: 'BatchMatMul',
    of: 'plus a matrix',
    fn: (a, b, c) => tf.add(c!, tf.matMul(a!, b!)),
    shapes: [
      [3, 5],
      [5, 4],
      [3, 4],
    ],
  },
  {
    kernel: 'BatchMatMul',
    of: 'the same factor three times',
    fn: (a, b) => tf.matMul(tf.matMul(tf.matMul(a!, b!), b!), b!),
    shapes: [
      [3, 4],
      [4, 4],
    ],
    tolerance: 1e-5,
  },
  {
    kernel: '_FusedMatMul',
    fn: (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: 'relu' }),
    shapes: [[3, 5], [5, 4], [4]],
  },
  {
    kernel: '_FusedMatMul',
    of: 'transposed, sigmoid',
    fn: (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, transposeB: true, activation: 'sigmoid' }),
    shapes: [[3, 5], [4, 5], [4]],
    ...none,
  },
]

const sides = (...shapes: number[][]) => ({ shapes, tolerance: 1e-5 })

productsRows.push(
  {
    kernel: 'BatchMatMul',
    of: 'integers',
    fn: (a, b) => tf.matMul(a!, b!, true, true),
    ...sides([4, 3], [5, 4]),
    types: ['int32', 'int32'],
    range: [-9, 9],
    ...none,
  },
  { kernel: 'BatchMatMul', of: 'a batch by one', fn: (a, b) => tf.matMul(a!, b!), ...sides([2, 3, 4], [1, 4, 5]), ...none },
  { kernel: 'BatchMatMul', of: 'no inner side', fn: (a, b) => tf.matMul(a!, b!), ...sides([3, 0], [0, 4]), ...none },
  { kernel: 'BatchMatMul', of: 'no row', fn: (a, b) => tf.matMul(a!, b!), ...sides([0, 3], [3, 4]), ...none },
  { kernel: 'Einsum', of: 'a product', fn: (a, b) => tf.einsum('ij,jk->ik', a!, b!), ...sides([3, 4], [4, 5]), ...none },
  {
    kernel: 'Einsum',
    of: 'of attention',
    fn: (a, b) => tf.einsum('bqhd, bkhd -> bhqk', a!, b!),
    ...sides([2, 3, 2, 4], [2, 5, 2, 4]),
    ...none,
  },
  { kernel: 'Einsum', of: 'one factor', fn: (a) => tf.einsum('ijk->kj', a!), ...sides([2, 3, 4]), ...none },
  { kernel: 'Einsum', of: 'a number', fn: (a, b) => tf.einsum('i,i->', a!, b!), ...sides([7], [7]), ...none },
  {
    kernel: 'Einsum',
    of: 'integers',
    fn: (a, b) => tf.einsum('ij,jk->ki', a!, b!),
    ...sides([3, 4], [4, 5]),
    types: ['int32', 'int32'],
    range: [-9, 9],
    ...none,
  },
  ...(['elu', 'relu6', 'leakyrelu', 'prelu', 'linear'] as const).map(
    (activation): OpRow => ({
      kernel: '_FusedMatMul',
      of: activation,
      fn: (a, b, bias) =>
        tf.fused.matMul({
          a: a!,
          b: b!,
          bias,
          activation,
          leakyreluAlpha: 0.1,
          ...(activation === 'prelu' ? { preluActivationWeights: bias } : {}),
        }),
      ...sides([3, 5], [5, 4], [4]),
      ...none,
    }),
  ),
)

/** The greater pieces that students and teachers are made of. */
export const compositionsRows: OpRow[] = [
  {
    kernel: 'layer normalisation',
    fn: (x, gamma, beta) => {
      const centred = tf.sub(x!, tf.mean(x!, -1, true))
      const variance = tf.mean(tf.square(centred), -1, true)
      return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-12))), gamma!), beta!)
    },
    shapes: [[2, 3, 8], [8], [8]],
    tolerance: 1e-5,
  },
  { kernel: 'gelu', fn: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) },
  {
    kernel: 'attention',
    fn: (q, k, v) => {
      const heads = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [2, 5, 2, 3]), [0, 2, 1, 3])
      const weights = tf.softmax(tf.mul(tf.matMul(heads(q!), heads(k!), false, true), 3 ** -0.5))
      return tf.reshape(tf.transpose(tf.matMul(weights, heads(v!)), [0, 2, 1, 3]), [2, 5, 6])
    },
    shapes: [
      [2, 5, 6],
      [2, 5, 6],
      [2, 5, 6],
    ],
    tolerance: 1e-5,
  },
  {
    kernel: "attention in Einstein's notation",
    fn: (q, k, v) => {
      const scores = tf.einsum('bqhd,bkhd->bhqk', q!, k!)
      return tf.einsum('bhqk,bkhd->bqhd', tf.softmax(tf.mul(scores, 3 ** -0.5)), v!)
    },
    shapes: [
      [2, 5, 2, 3],
      [2, 4, 2, 3],
      [2, 4, 2, 3],
    ],
    tolerance: 1e-5,
    ...none,
  },
  {
    kernel: 'LSTM cell',
    fn: (x, h, c, w) => {
      const [i, f, g, o] = tf.split(tf.add(x!, tf.matMul(h!, w!)), 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      const state = tf.add(tf.mul(tf.sigmoid(f), c!), tf.mul(tf.sigmoid(i), tf.tanh(g)))
      return [tf.mul(tf.sigmoid(o), tf.tanh(state)), state]
    },
    shapes: [
      [3, 8],
      [3, 2],
      [3, 2],
      [2, 8],
    ],
    tolerance: 1e-5,
  },
  {
    kernel: 'cross-entropy',
    fn: (logits, labels) => tf.neg(tf.sum(tf.mul(tf.oneHot(labels as tf.Tensor1D, 3), tf.logSoftmax(logits!)), -1)),
    shapes: [[5, 3], [5]],
    types: ['float32', 'int32'],
    range: [0, 3],
  },
]
