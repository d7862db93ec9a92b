import * as tf from '@tensorflow/tfjs-core'

/** One way to use a kernel: what the op tests run plain, traced, and traced again on fresh inputs. */
export interface OpRow {
  readonly kernel: string
  /** What is special about this row, if a kernel has several. */
  readonly of?: string
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[]
  /** Shapes of the inputs. Default: `[[3, 4]]`. */
  readonly shapes?: readonly (readonly number[])[]
  /** Where floats are drawn from: keeps logarithms positive and rounding away from its jumps. Default: [-2, 2]. */
  readonly range?: readonly [number, number]
  /** Types of the inputs, float32 where absent; integers are drawn from the range, its end excluded. */
  readonly types?: readonly ('float32' | 'int32' | 'bool')[]
  /** Absolute and relative difference allowed. Default: 2e-6. */
  readonly tolerance?: number
  /** Whether the gradients are compared too. Default: true. */
  readonly gradient?: boolean
}

const f = (x: tf.Tensor) => tf.cast(x, 'float32')
const pair = [
  [3, 4],
  [3, 4],
]
const row = [[3, 4], [4]]
/** For what has no derivative, or none that TensorFlow.js itself can compute. */
const none = { gradient: false } as const

const unary: OpRow[] = [
  { kernel: 'Abs', fn: tf.abs, range: [0.1, 2] },
  { kernel: 'Acos', fn: tf.acos, range: [-0.9, 0.9], tolerance: 1e-5 },
  { kernel: 'Acosh', fn: tf.acosh, range: [1.2, 3], tolerance: 1e-5 },
  { kernel: 'Asin', fn: tf.asin, range: [-0.9, 0.9], tolerance: 1e-5 },
  { kernel: 'Asinh', fn: tf.asinh, tolerance: 1e-5 },
  { kernel: 'Atan', fn: tf.atan, tolerance: 1e-5 },
  { kernel: 'Atanh', fn: tf.atanh, range: [-0.9, 0.9], tolerance: 1e-5 },
  { kernel: 'Cast', of: 'to int32', fn: (x) => tf.cast(x, 'int32'), range: [-5, 5], ...none },
  { kernel: 'Cast', of: 'to bool', fn: (x) => tf.cast(x, 'bool'), types: ['int32'], range: [0, 2], ...none },
  { kernel: 'Cast', of: 'bool to float', fn: f, types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Ceil', fn: tf.ceil },
  { kernel: 'ClipByValue', fn: (x) => tf.clipByValue(x, -1, 1) },
  { kernel: 'Cos', fn: tf.cos, tolerance: 1e-5 },
  { kernel: 'Cosh', fn: tf.cosh, tolerance: 1e-5 },
  { kernel: 'Elu', fn: tf.elu },
  { kernel: 'Erf', fn: tf.erf },
  { kernel: 'Exp', fn: tf.exp },
  { kernel: 'Expm1', fn: tf.expm1 },
  { kernel: 'Expm1', of: 'near zero', fn: (x) => tf.mul(tf.expm1(tf.mul(x, 1e-4)), 1e4) },
  { kernel: 'Floor', fn: tf.floor },
  { kernel: 'Identity', fn: (x) => tf.clone(x) },
  { kernel: 'IsFinite', fn: (x) => tf.isFinite(tf.div(1, tf.relu(x))), ...none },
  { kernel: 'IsInf', fn: (x) => tf.isInf(tf.div(1, tf.relu(x))), ...none },
  { kernel: 'IsNan', fn: (x) => tf.isNaN(tf.sqrt(x)), ...none },
  { kernel: 'LeakyRelu', fn: (x) => tf.leakyRelu(x, 0.3) },
  { kernel: 'Log', fn: tf.log, range: [0.1, 5] },
  { kernel: 'Log1p', fn: tf.log1p, range: [-0.5, 5] },
  { kernel: 'LogicalNot', fn: (x) => tf.logicalNot(x as tf.Tensor), types: ['bool'], range: [0, 2], ...none },
  { kernel: 'Neg', fn: tf.neg },
  { kernel: 'Neg', of: 'int32', fn: tf.neg, types: ['int32'], range: [-5, 5], ...none },
  { kernel: 'OnesLike', fn: (x) => tf.add(x, tf.onesLike(x)) },
  { kernel: 'Reciprocal', fn: tf.reciprocal, range: [0.2, 2] },
  { kernel: 'Relu', fn: tf.relu },
  { kernel: 'Relu', of: 'a scalar', fn: tf.relu, shapes: [[]] },
  { kernel: 'Relu', of: 'no element', fn: tf.relu, shapes: [[0, 3]], ...none },
  { kernel: 'Relu6', fn: tf.relu6, range: [-3, 9] },
  { kernel: 'Round', fn: tf.round, range: [-4, 4] },
  { kernel: 'Round', of: 'halves to even', fn: (x) => tf.round(tf.div(f(x), 2)), types: ['int32'], range: [-8, 8], ...none },
  { kernel: 'Rsqrt', fn: tf.rsqrt, range: [0.2, 3] },
  { kernel: 'Selu', fn: tf.selu, tolerance: 1e-5 },
  { kernel: 'Sigmoid', fn: tf.sigmoid, range: [-20, 20] },
  { kernel: 'Sign', fn: tf.sign },
  { kernel: 'Sin', fn: tf.sin, tolerance: 1e-5 },
  { kernel: 'Sinh', fn: tf.sinh, tolerance: 1e-5 },
  { kernel: 'Softplus', fn: tf.softplus, tolerance: 1e-5 },
  { kernel: 'Sqrt', fn: tf.sqrt, range: [0.1, 4] },
  { kernel: 'Square', fn: tf.square },
  { kernel: 'Step', fn: (x) => tf.step(x) },
  { kernel: 'Step', of: 'with a slope', fn: (x) => tf.step(x, 0.3), ...none },
  { kernel: 'Tan', fn: tf.tan, range: [-1, 1], tolerance: 1e-5 },
  { kernel: 'Tanh', fn: tf.tanh, range: [-10, 10] },
  { kernel: 'ZerosLike', fn: (x) => tf.add(x, tf.zerosLike(x)) },
]

const binary: OpRow[] = [
  { kernel: 'Add', fn: tf.add, shapes: pair },
  {
    kernel: 'Add',
    of: 'broadcasting',
    fn: tf.add,
    shapes: [
      [2, 1, 4],
      [3, 1],
    ],
  },
  { kernel: 'Add', of: 'a scalar', fn: tf.add, shapes: [[], [3, 4]] },
  { kernel: 'Add', of: 'int32', fn: tf.add, shapes: pair, types: ['int32', 'int32'], range: [-9, 9], ...none },
  { kernel: 'Add', of: 'zero', fn: (x) => tf.add(tf.zeros([2, 3, 4]), x) },
  { kernel: 'AddN', fn: (a, b) => tf.addN([a!, b!, a!]), shapes: pair },
  { kernel: 'Equal', fn: tf.equal, shapes: pair, types: ['int32', 'int32'], range: [0, 3], ...none },
  {
    kernel: 'FloorDiv',
    fn: (a, b) => tf.floorDiv(a!, tf.add(tf.mul(b!, tf.scalar(2, 'int32')), tf.scalar(1, 'int32'))),
    shapes: pair,
    types: ['int32', 'int32'],
    range: [-9, 9],
    ...none,
  },
  { kernel: 'Greater', fn: tf.greater, shapes: row, ...none },
  { kernel: 'GreaterEqual', fn: tf.greaterEqual, shapes: pair, types: ['int32', 'int32'], range: [0, 3], ...none },
  { kernel: 'Less', fn: tf.less, shapes: pair, ...none },
  { kernel: 'LessEqual', fn: tf.lessEqual, shapes: row, ...none },
  { kernel: 'LogicalAnd', fn: tf.logicalAnd, shapes: pair, types: ['bool', 'bool'], range: [0, 2], ...none },
  { kernel: 'LogicalOr', fn: tf.logicalOr, shapes: pair, types: ['bool', 'bool'], range: [0, 2], ...none },
  { kernel: 'Maximum', fn: tf.maximum, shapes: pair },
  { kernel: 'Maximum', of: 'broadcasting', fn: tf.maximum, shapes: row, ...none },
  { kernel: 'Minimum', fn: tf.minimum, shapes: pair },
  { kernel: 'Mod', fn: tf.mod, shapes: pair, range: [0.3, 5], tolerance: 1e-5 },
  { kernel: 'Multiply', fn: tf.mul, shapes: pair },
  {
    kernel: 'Multiply',
    of: 'a column and a row',
    fn: tf.mul,
    shapes: [
      [3, 1],
      [1, 4],
    ],
  },
  { kernel: 'Multiply', of: 'one', fn: (x) => tf.mul(x, tf.ones([2, 3, 4])) },
  { kernel: 'NotEqual', fn: tf.notEqual, shapes: pair, types: ['int32', 'int32'], range: [0, 3], ...none },
  { kernel: 'Pow', fn: tf.pow, shapes: pair, range: [0.2, 3], tolerance: 1e-5 },
  { kernel: 'Pow', of: 'two', fn: (x) => tf.pow(x, 2) },
  { kernel: 'Pow', of: 'three', fn: (x) => tf.pow(x, 3), tolerance: 1e-5 },
  { kernel: 'Prelu', fn: (x, alpha) => tf.prelu(x!, alpha!), shapes: row },
  { kernel: 'RealDiv', fn: tf.div, shapes: row, range: [0.3, 2] },
  {
    kernel: 'Select',
    fn: (chosen, a, b) => tf.where(chosen as tf.Tensor, a!, b!),
    shapes: [[3, 4], ...pair],
    types: ['bool', 'float32', 'float32'],
    range: [0, 2],
  },
  { kernel: 'SquaredDifference', fn: tf.squaredDifference, shapes: pair },
  { kernel: 'SquaredDifference', of: 'broadcasting', fn: tf.squaredDifference, shapes: row, ...none },
  { kernel: 'Sub', fn: tf.sub, shapes: row },
  { kernel: 'Sub', of: 'a scalar less', fn: (x) => tf.sub(1, x) },
]

const reductions: OpRow[] = [
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

const shapes: OpRow[] = [
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

const products: OpRow[] = [
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

const indexing: OpRow[] = [
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

const creation: OpRow[] = [
  { kernel: 'Fill', fn: (x) => tf.mul(x, tf.fill([3, 4], 2)) },
  { kernel: 'Fill', of: 'a large one', fn: (x) => tf.add(tf.fill([4, 300], 0.5), tf.sum(x)), tolerance: 1e-4 },
  { kernel: 'LinSpace', fn: (x) => tf.mul(x, tf.linspace(0, 1, 4)) },
  { kernel: 'Range', fn: (x) => tf.mul(x, f(tf.range(4, 0, -1, 'int32'))) },
]

/** The greater pieces that students and teachers are made of. */
const compositions: OpRow[] = [
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

export const opRows: readonly OpRow[] = [
  ...unary,
  ...binary,
  ...reductions,
  ...shapes,
  ...products,
  ...indexing,
  ...creation,
  ...compositions,
]
