import * as tf from '@tensorflow/tfjs-core'
import { f, none, type OpRow, pair } from './row.ts'

export const reductionsRows: OpRow[] = [
  { kernel: 'All', fn: (x) => tf.all(x, 1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Any', fn: (x) => tf.any(x, -1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'ArgMax', fn: (x) => tf.argMax(x, -1), ...none },
  { kernel: 'ArgMin', fn: (x) => tf.argMin(x, 0), ...none },
  { kernel: 'All', of: 'everything', fn: (x) => tf.all(x), types: ['bool'], range: [0, 2], ...none },
  {
    kernel: 'ArgMax',
    of: 'its gradient',
    fn: (x) => tf.mul(x, f(tf.expandDims(tf.argMax(x, -1), 1))),
    values: { 0: [4, 1, 2, 3, 1, 7, 2, 3, 1, 2, 3, 9] },
  },
  { kernel: 'ArgMin', of: 'its gradient', fn: (x) => tf.mul(x, f(tf.argMin(x, 0))), values: { 0: [4, 1, 2, 3, 1, 7, 3, 8, 0, 2, 4, 9] } },
  { kernel: 'ArgMax', of: 'equal elements', fn: (x) => tf.argMax(x, 1), types: ['int32'], range: [0, 2], ...none },
  { kernel: 'ArgMin', of: 'truth values', fn: (x) => tf.argMin(x, 1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'log softmax', fn: (x) => tf.logSoftmax(x), range: [-9, 9] },
  { kernel: 'Max', fn: (x) => tf.max(x, -1) },
  { kernel: 'Max', of: 'everything', fn: (x) => tf.max(x) },
  { kernel: 'Mean', fn: (x) => tf.mean(x, [0, 2]), shapes: [[2, 3, 4]] },
  { kernel: 'Mean', of: 'kept axes', fn: (x) => tf.mean(x, -1, true) },
  { kernel: 'Mean', of: 'integers', fn: (x) => tf.mean(x), types: ['int32'], range: [0, 9], ...none },
  { kernel: 'Min', fn: (x) => tf.min(x, 0, true) },
  { kernel: 'Max', of: 'integers', fn: (x) => tf.max(x, 0), types: ['int32'], range: [-9, 9], ...none },
  { kernel: 'Max', of: 'truth values', fn: (x) => tf.max(x, 0), types: ['bool'], range: [0, 2], ...none },
  {
    kernel: 'Max',
    of: 'equal elements',
    fn: (x) => tf.max(tf.concat([x, x], 1), 1),
    notTheDerivative: 'each of the equal elements gets all of it',
  },
  { kernel: 'Max', of: 'kept axes', fn: (x) => tf.max(x, [0, 2], true), shapes: [[2, 3, 4]] },
  { kernel: 'Min', of: 'integers', fn: (x) => tf.min(x), types: ['int32'], range: [-9, 9], ...none },
  { kernel: 'Min', of: 'truth values', fn: (x) => tf.min(x, 1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Prod', fn: (x) => tf.prod(x, 1), range: [0.3, 2] },
  { kernel: 'Prod', of: 'everything', fn: (x) => tf.prod(x), range: [0.7, 1.5], tolerance: 1e-5 },
  { kernel: 'Prod', of: 'integers', fn: (x) => tf.prod(x, 0), types: ['int32'], range: [-4, 4], ...none },
  { kernel: 'Prod', of: 'truth values', fn: (x) => tf.prod(x, 0), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Softmax', fn: (x) => tf.softmax(x), range: [-9, 9] },
  { kernel: 'Sum', fn: (x) => tf.sum(x, 1) },
  { kernel: 'Sum', of: 'everything', fn: (x) => tf.sum(x), shapes: [[2, 3, 2]] },
  { kernel: 'Softmax', of: 'three axes', fn: (x) => tf.softmax(x), shapes: [[2, 3, 4]] },
  { kernel: 'Sum', of: 'no axis', fn: (x) => tf.sum(x, []) },
  { kernel: 'Sum', of: 'a scalar', fn: (x) => tf.sum(x), shapes: [[]] },
  { kernel: 'Sum', of: 'kept axes, from the end', fn: (x) => tf.sum(x, [-1, -3], true), shapes: [[2, 3, 4]] },
  { kernel: 'Sum', of: 'integers', fn: (x) => tf.sum(x, 0), types: ['int32'], range: [-9, 9], ...none },
  { kernel: 'Sum', of: 'bool', fn: (x) => tf.sum(x), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Sum', of: 'moments', fn: (x) => Object.values(tf.moments(x, -1)) as tf.Tensor[] },
]

const ofNothing = { shapes: [[0, 3]], ...none }
const empties: [string, (x: tf.Tensor, axis?: number) => tf.Tensor][] = [
  ['All', (x, axis) => tf.all(tf.cast(x, 'bool'), axis)],
  ['Any', (x, axis) => tf.any(tf.cast(x, 'bool'), axis)],
  ['ArgMax', tf.argMax],
  ['ArgMin', tf.argMin],
  ['Max', tf.max],
  ['Mean', tf.mean],
  ['Min', tf.min],
  ['Prod', tf.prod],
  ['Sum', tf.sum],
]

/** What TensorFlow.js makes of no element. */
export const emptyRows: OpRow[] = empties.map(([kernel, fn]) => ({
  kernel,
  of: 'of nothing',
  fn: (x) => [fn(x, 0), fn(x, 1)],
  ...ofNothing,
}))

export const shapesRows: OpRow[] = [
  { kernel: 'Tile', of: 'to another shape', fn: (x) => tf.broadcastTo(x, [2, 3, 4]), shapes: [[3, 1]] },
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
  {
    kernel: 'PadV2',
    of: 'nothing',
    fn: (x) =>
      tf.pad(
        x,
        [
          [1, 1],
          [0, 0],
        ],
        5,
      ),
    ...ofNothing,
  },
  {
    kernel: 'PadV2',
    of: 'integers',
    fn: (x) =>
      tf.pad(
        x,
        [
          [1, 1],
          [0, 2],
        ],
        7,
      ),
    types: ['int32'],
    ...none,
  },
  {
    kernel: 'PadV2',
    of: 'truth values',
    fn: (x) =>
      tf.pad(x, [
        [1, 1],
        [0, 2],
      ]),
    types: ['bool'],
    range: [0, 2],
    ...none,
  },
  {
    kernel: 'Concat',
    of: 'truth values',
    fn: (a, b) => tf.concat([a!, b!], 1),
    shapes: pair,
    types: ['bool', 'bool'],
    range: [0, 2],
    ...none,
  },
  { kernel: 'ExpandDims', of: 'a scalar', fn: (x) => tf.expandDims(x), shapes: [[]] },
  { kernel: 'Pack', of: 'integers', fn: (a, b) => tf.stack([a!, b!], 1), shapes: pair, types: ['int32', 'int32'], range: [-9, 9], ...none },
  { kernel: 'Reverse', of: 'truth values', fn: (x) => tf.reverse(x, -1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Slice', of: 'nothing', fn: (x) => tf.slice(x, [1, 1], [0, 2]), ...none },
  { kernel: 'Slice', of: 'integers', fn: (x) => tf.slice(x, 1), types: ['int32'], ...none },
  { kernel: 'SplitV', of: 'truth values', fn: (x) => tf.split(x, 2, 1), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Tile', of: 'integers', fn: (x) => tf.tile(x, [1, 2]), types: ['int32'], range: [-9, 9], ...none },
  { kernel: 'Tile', of: 'truth values', fn: (x) => tf.tile(x, [3, 1]), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Transpose', of: 'truth values', fn: (x) => tf.transpose(x), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Transpose', of: 'nothing', fn: (x) => tf.transpose(x), ...ofNothing },
  { kernel: 'Unpack', of: 'integers', fn: (x) => tf.unstack(x, 1), types: ['int32'], range: [-9, 9], ...none },
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

export const creationRows: OpRow[] = [
  { kernel: 'Range', of: 'down, by ones', fn: (x) => tf.add(x, tf.range(4, 0)) },
  { kernel: 'Range', of: 'by tenths', fn: (x) => tf.add(tf.sum(x), tf.range(0, 0.7, 0.1)) },
  { kernel: 'Range', of: 'nothing', fn: (x) => tf.add(tf.sum(x), tf.range(3, 3)), ...none },
  { kernel: 'Fill', of: 'truth values', fn: (x) => tf.where(tf.fill([3, 4], 1, 'bool' as 'float32') as tf.Tensor, x, tf.neg(x)) },
  { kernel: 'Fill', fn: (x) => tf.mul(x, tf.fill([3, 4], 2)) },
  { kernel: 'Fill', of: 'a large one', fn: (x) => tf.add(tf.fill([4, 300], 0.5), tf.sum(x)), tolerance: 1e-4 },
  { kernel: 'LinSpace', fn: (x) => tf.mul(x, tf.linspace(0, 1, 4)) },
  { kernel: 'Range', fn: (x) => tf.mul(x, f(tf.range(4, 0, -1, 'int32'))) },
]
