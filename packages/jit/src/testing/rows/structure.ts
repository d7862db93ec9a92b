import * as tf from '@tensorflow/tfjs-core'
import { f, none, type OpRow, pair } from './row.ts'

export const reductionsRows: OpRow[] = [
  { kernel: 'All', fn: (x) => tf.all(x, 1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Any', fn: (x) => tf.any(x, -1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'ArgMax', fn: (x) => tf.argMax(x, -1), ...none },
  { kernel: 'ArgMin', fn: (x) => tf.argMin(x, 0), ...none },
  { kernel: 'Cumsum', fn: (x) => tf.cumsum(x, 1) },
  { kernel: 'Cumsum', of: 'exclusive, from the end', fn: (x) => tf.cumsum(x, 0, true, true), ...none },
  { kernel: 'LogSoftmax', fn: (x) => tf.logSoftmax(x), range: [-9, 9] },
  { kernel: 'Max', fn: (x) => tf.max(x, -1) },
  { kernel: 'Max', of: 'everything', fn: (x) => tf.max(x) },
  { kernel: 'Mean', fn: (x) => tf.mean(x, [0, 2]), shapes: [[2, 3, 4]] },
  { kernel: 'Mean', of: 'kept axes', fn: (x) => tf.mean(x, -1, true) },
  { kernel: 'Mean', of: 'integers', fn: (x) => tf.mean(x), types: ['int32'], range: [0, 9], ...none },
  { kernel: 'Min', fn: (x) => tf.min(x, 0, true) },
  { kernel: 'Prod', fn: (x) => tf.prod(x, 1), range: [0.3, 2], ...none },
  { kernel: 'Softmax', fn: (x) => tf.softmax(x), range: [-9, 9] },
  { kernel: 'Sum', fn: (x) => tf.sum(x, 1) },
  { kernel: 'Sum', of: 'everything', fn: (x) => tf.sum(x), shapes: [[2, 3, 2]] },
  { kernel: 'Sum', of: 'bool', fn: (x) => tf.sum(x), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Sum', of: 'moments', fn: (x) => Object.values(tf.moments(x, -1)) as tf.Tensor[] },
]

export const shapesRows: OpRow[] = [
  { kernel: 'BroadcastTo', of: 'as Tile', fn: (x) => tf.broadcastTo(x, [2, 3, 4]), shapes: [[3, 1]] },
  {
    kernel: 'Concat',
    fn: (a, b) => tf.concat([a!, b!, a!], -1),
    shapes: [
      [3, 4],
      [3, 2],
    ],
  },
  {
    kernel: 'Concat',
    of: 'an empty one',
    fn: (a, b) => tf.concat([a!, b!], 0),
    shapes: [
      [3, 4],
      [0, 4],
    ],
  },
  { kernel: 'ExpandDims', fn: (x) => tf.expandDims(x, -1) },
  { kernel: 'Pack', fn: (a, b) => tf.stack([a!, b!]), shapes: pair },
  { kernel: 'Pack', of: 'the last axis', fn: (a, b) => tf.stack([a!, b!], -1), shapes: pair },
  { kernel: 'Pack', of: 'scalars', fn: (a, b) => tf.stack([a!, b!]), shapes: [[], []] },
  {
    kernel: 'PadV2',
    fn: (x) =>
      tf.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        3,
      ),
  },
  { kernel: 'Reshape', fn: (x) => tf.reshape(x, [-1, 2]) },
  { kernel: 'Reshape', of: 'no element', fn: (x) => tf.reshape(x, [3, 0]), shapes: [[0, 2]], ...none },
  { kernel: 'Reverse', fn: (x) => tf.reverse(x, 1) },
  { kernel: 'Reverse', of: 'all axes', fn: (x) => tf.reverse(x) },
  { kernel: 'Slice', fn: (x) => tf.slice(x, [1, 1], [2, -1]) },
  { kernel: 'SplitV', fn: (x) => tf.split(x, [1, 3], -1) },
  { kernel: 'SplitV', of: 'and joined again', fn: (x) => tf.concat(tf.split(x, 2, 1), 1) },
  { kernel: 'Tile', fn: (x) => tf.tile(x, [2, 3]) },
  { kernel: 'Tile', of: 'a column', fn: (x) => tf.mul(tf.tile(x, [1, 4]), 2), shapes: [[3, 1]] },
  { kernel: 'Transpose', fn: (x) => tf.transpose(x, [2, 0, 1]), shapes: [[2, 3, 4]] },
  { kernel: 'Transpose', of: 'there and back', fn: (x) => tf.transpose(tf.transpose(x)) },
  { kernel: 'Transpose', of: 'a side of one', fn: (x) => tf.transpose(x, [1, 0, 2]), shapes: [[1, 3, 4]] },
  { kernel: 'Unpack', fn: (x) => tf.unstack(x, -1) },
  { kernel: 'Unpack', of: 'the first axis', fn: (x) => tf.unstack(x), shapes: [[2, 3, 4]] },
  {
    kernel: 'Unpack',
    of: 'a look-up',
    fn: (table, ids) => tf.unstack(tf.gather(table!, ids as tf.Tensor)),
    shapes: [
      [5, 2],
      [3, 4],
    ],
    types: ['float32', 'int32'],
    range: [0, 5],
  },
]

export const indexingRows: OpRow[] = [
  {
    kernel: 'GatherNd',
    fn: (x, i) => tf.gatherND(x!, i!),
    shapes: [
      [4, 4, 2],
      [3, 2],
    ],
    types: ['float32', 'int32'],
    range: [0, 4],
    ...none,
  },
  { kernel: 'GatherV2', fn: (x, i) => tf.gather(x!, i as tf.Tensor1D), shapes: [[5, 3], [7]], types: ['float32', 'int32'], range: [0, 5] },
  {
    kernel: 'GatherV2',
    of: 'by a matrix',
    fn: (x, i) => tf.gather(x!, i as tf.Tensor),
    shapes: [
      [5, 3],
      [2, 4],
    ],
    types: ['float32', 'int32'],
    range: [0, 5],
  },
  {
    kernel: 'GatherV2',
    of: 'the last axis',
    fn: (x, i) => tf.gather(x!, i as tf.Tensor1D, -1),
    shapes: [[2, 5], [3]],
    types: ['float32', 'int32'],
    range: [0, 5],
  },
  { kernel: 'OneHot', fn: (i) => tf.oneHot(i, 4), shapes: [[5]], types: ['int32'], range: [-1, 5], ...none },
  {
    kernel: 'OneHot',
    of: 'floats',
    fn: (i) => tf.oneHot(i, 4, 0.9, 0.1, 'float32'),
    shapes: [[5]],
    types: ['int32'],
    range: [-1, 5],
    ...none,
  },
  {
    kernel: 'OneHot',
    of: 'other values',
    fn: (i) => tf.oneHot(i, 4, 0.9, 0.1),
    shapes: [[2, 3]],
    types: ['int32'],
    range: [0, 4],
    ...none,
  },
  {
    kernel: 'ScatterNd',
    fn: (i, x) => tf.scatterND(i!, x!, [5, 2]),
    shapes: [
      [6, 1],
      [6, 2],
    ],
    types: ['int32', 'float32'],
    range: [0, 5],
    ...none,
  },
  {
    kernel: 'UnsortedSegmentSum',
    fn: (x, i) => tf.unsortedSegmentSum(x!, i as tf.Tensor1D, 4),
    shapes: [[6, 3], [6]],
    types: ['float32', 'int32'],
    range: [0, 4],
  },
]

export const creationRows: OpRow[] = [
  { kernel: 'Fill', fn: (x) => tf.mul(x, tf.fill([3, 4], 2)) },
  { kernel: 'Fill', of: 'a large one', fn: (x) => tf.add(tf.fill([4, 300], 0.5), tf.sum(x)), tolerance: 1e-4 },
  { kernel: 'LinSpace', fn: (x) => tf.mul(x, tf.linspace(0, 1, 4)) },
  { kernel: 'Range', fn: (x) => tf.mul(x, f(tf.range(4, 0, -1, 'int32'))) },
]
