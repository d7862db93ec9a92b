import * as tf from '@tensorflow/tfjs-core'
import { none, type OpRow } from './row.ts'

export const scansRows: OpRow[] = [
  { kernel: 'Cumsum', fn: (x) => tf.cumsum(x, 1) },
  { kernel: 'Cumsum', of: 'exclusive, from the end', fn: (x) => tf.cumsum(x, 1, true, true) },
  { kernel: 'Cumsum', of: 'the first axis', fn: (x) => tf.cumsum(x, 0, true), ...none },
  { kernel: 'Cumsum', of: 'integers', fn: (x) => tf.cumsum(x, 1), types: ['int32'], range: [-9, 9], ...none },
  { kernel: 'Cumsum', of: 'truth values', fn: (x) => tf.cumsum(x, 1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Cumprod', fn: (x) => tf.cumprod(x, 1), shapes: [[3, 7]], ...none },
  { kernel: 'Cumprod', of: 'exclusive', fn: (x) => tf.cumprod(x, 0, true), shapes: [[5, 3]], ...none },
  { kernel: 'Cumprod', of: 'from the end', fn: (x) => tf.cumprod(x, 1, false, true), shapes: [[2, 8, 3]], ...none },
  { kernel: 'Cumprod', of: 'exclusive, from the end', fn: (x) => tf.cumprod(x, 1, true, true), ...none },
  { kernel: 'Cumprod', of: 'integers', fn: (x) => tf.cumprod(x, 1), types: ['int32'], range: [-4, 4], ...none },
  { kernel: 'Cumprod', of: 'one element', fn: (x) => tf.cumprod(x, 1, true), shapes: [[3, 1]], ...none },
  { kernel: 'TopK', fn: (x) => Object.values(tf.topk(x, 3)), shapes: [[4, 7]], ...none },
  {
    kernel: 'TopK',
    of: 'equal integers',
    fn: (x) => Object.values(tf.topk(x, 5)),
    shapes: [[4, 7]],
    types: ['int32'],
    range: [0, 3],
    ...none,
  },
  { kernel: 'TopK', of: 'all of them', fn: (x) => Object.values(tf.topk(x, 7)), shapes: [[7]], ...none },
  ...(['left', 'right'] as const).map(
    (side): OpRow => ({
      kernel: 'SearchSorted',
      of: side,
      fn: (sorted, x) => tf.searchSorted(sorted!, x!, side),
      shapes: [
        [2, 5],
        [2, 4],
      ],
      values: { 0: [0, 3, 9, 9, 10, 1, 2, 3, 4, 5], 1: [2, 9, 9.5, 11, 0, 2, 6, Number.NaN] },
      ...none,
    }),
  ),
  {
    kernel: 'SearchSorted',
    of: 'integers of one row',
    fn: (sorted, x) => tf.lowerBound(sorted!, x!),
    shapes: [[5], [3]],
    types: ['int32', 'int32'],
    values: { 0: [0, 3, 9, 9, 10], 1: [2, 9, 11] },
    ...none,
  },
]

const blocks = { shapes: [[8, 2, 3, 2]] }

export const blocksRows: OpRow[] = [
  { kernel: 'StridedSlice', fn: (x) => tf.stridedSlice(x, [1, 5, 0], [3, -7, 3], [1, -2, 2]), shapes: [[3, 6, 4]], ...none },
  { kernel: 'StridedSlice', of: 'backwards to the first', fn: (x) => tf.stridedSlice(x, [-1], [0], [-2], 0, 1), shapes: [[7]], ...none },
  {
    kernel: 'StridedSlice',
    of: 'an axis less',
    fn: (x) => tf.stridedSlice(x, [1, 0], [2, 4], [1, 1], 0, 0, 0, 0, 1),
    shapes: [[3, 6]],
    ...none,
  },
  {
    kernel: 'StridedSlice',
    of: 'an axis more',
    fn: (x) => tf.stridedSlice(x, [0, 0, 1], [1, 3, 4], [1, 1, 1], 0, 0, 0, 1),
    shapes: [[3, 6]],
    ...none,
  },
  { kernel: 'StridedSlice', of: 'integers', fn: (x) => tf.stridedSlice(x, [0], [6], [2]), shapes: [[6]], types: ['int32'], ...none },
  { kernel: 'StridedSlice', of: 'all of it', fn: (x) => tf.stridedSlice(x, [0, 0], [3, 4], [1, 1]), ...none },
  {
    kernel: 'MirrorPad',
    of: 'reflect',
    fn: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [2, 1],
        ],
        'reflect',
      ),
    ...none,
  },
  {
    kernel: 'MirrorPad',
    of: 'symmetric',
    fn: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 3],
          [0, 4],
        ],
        'symmetric',
      ),
    ...none,
  },
  {
    kernel: 'MirrorPad',
    of: 'truth values',
    fn: (x) => tf.mirrorPad(x, [[1, 2]], 'symmetric'),
    shapes: [[4]],
    types: ['bool'],
    range: [0, 2],
    ...none,
  },
  {
    kernel: 'MirrorPad',
    of: 'its gradient',
    fn: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [2, 1],
        ],
        'reflect',
      ),
    notTheDerivative: "TensorFlow.js's gradient leaves the mirror image out",
  },
  {
    kernel: 'BatchToSpaceND',
    fn: (x) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    ...blocks,
  },
  { kernel: 'BatchToSpaceND', of: 'nothing cut off', fn: (x) => tf.batchToSpaceND(x, [4], [[0, 0]]), ...blocks },
  {
    kernel: 'SpaceToBatchND',
    fn: (x) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    shapes: [[2, 3, 5, 2]],
  },
  {
    kernel: 'SpaceToBatchND',
    of: 'integers',
    fn: (x) => tf.spaceToBatchND(x, [3], [[0, 0]]),
    shapes: [[2, 3, 2]],
    types: ['int32'],
    ...none,
  },
  { kernel: 'DepthToSpace', fn: (x) => tf.depthToSpace(x as tf.Tensor4D, 2), shapes: [[2, 2, 3, 8]], ...none },
  { kernel: 'Diag', fn: (x) => tf.diag(x), shapes: [[2, 3]], ...none },
  { kernel: 'Diag', of: 'integers', fn: (x) => tf.diag(x), shapes: [[4]], types: ['int32'], ...none },
  { kernel: 'Diag', of: 'truth values', fn: (x) => tf.diag(x), shapes: [[4]], types: ['bool'], range: [0, 2], ...none },
  {
    kernel: 'Diag',
    of: 'NaN and infinity',
    fn: (x) => tf.diag(x),
    shapes: [[2]],
    values: { 0: [Number.NaN, Number.POSITIVE_INFINITY] },
    ...none,
  },
]
