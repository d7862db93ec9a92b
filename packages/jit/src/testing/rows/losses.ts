import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { none, type OpRow, pair } from './row.ts'

const { losses, Reduction } = tf
type Rates = [number, number]
type Loss = (labels: tf.Tensor, predictions: tf.Tensor, weights?: tf.Tensor, reduction?: tf.Reduction) => tf.Tensor

/** Probabilities that sum to one in each row. */
const share = (x: tf.Tensor | undefined) => tf.softmax(x!)
/** Numbers between 0 and 1. */
const chance = (x: tf.Tensor | undefined) => tf.sigmoid(x!)
const positive = { range: [0.1, 0.9] as Rates }
const close = { shapes: pair, tolerance: 1e-5 }

const ofCore: [string, Loss, Partial<OpRow>][] = [
  ['absoluteDifference', losses.absoluteDifference, {}],
  [
    'cosineDistance',
    (a, b, weights, reduction) => losses.cosineDistance(a, b, 1, weights && tf.slice(weights, [0, 0], [-1, 1]), reduction),
    {},
  ],
  ['hingeLoss', losses.hingeLoss, positive],
  ['huberLoss', (a, b, weights, reduction) => losses.huberLoss(a, b, weights, 0.7, reduction), {}],
  ['logLoss', losses.logLoss, positive],
  ['meanSquaredError', losses.meanSquaredError, {}],
  ['sigmoidCrossEntropy', (a, b, weights, reduction) => losses.sigmoidCrossEntropy(chance(a), b, weights, 0.1, reduction), {}],
  [
    'softmaxCrossEntropy',
    (a, b, weights, reduction) => losses.softmaxCrossEntropy(share(a), b, weights && tf.sum(weights, 1), 0.1, reduction),
    {},
  ],
]

const reductions = {
  mean: Reduction.MEAN,
  none: Reduction.NONE,
  sum: Reduction.SUM,
  'of nonzero weights': Reduction.SUM_BY_NONZERO_WEIGHTS,
}

/** The losses of TensorFlow.js's core, plain and weighed, in each way to bring them together. */
export const coreLossRows: OpRow[] = [
  ...ofCore.flatMap(([name, loss, more]) => [
    { kernel: name, fn: (a: tf.Tensor, b: tf.Tensor) => loss(a, b), ...close, ...more },
    ...Object.entries(reductions).map(
      ([way, reduction]): OpRow => ({
        kernel: name,
        of: `weighed, ${way}`,
        fn: (a, b) => loss(a!, b!, tf.tensor2d([0, 1, 2, 0.5, 1, 1, 0, 3, 1, 2, 1, 0.1], [3, 4]), reduction),
        ...close,
        ...more,
      }),
    ),
  ]),
  { kernel: 'computeWeightedLoss', fn: (x) => losses.computeWeightedLoss(x, tf.tensor1d([0, 1, 2, 0.5])), tolerance: 1e-5 },
]

const lossOf = (name: string): ((labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor) => {
  const inputs = tfl.input({ shape: [1] })
  const model = tfl.model({ inputs, outputs: tfl.layers.dense({ units: 1 }).apply(inputs) as tfl.SymbolicTensor })
  model.compile({ loss: name, optimizer: 'sgd' })
  return model.lossFunctions[0]!
}

const classes = (x: tf.Tensor) => tf.cast(tf.argMax(x, -1), 'float32')
const ofLayers: [string, (a: tf.Tensor) => tf.Tensor, (b: tf.Tensor) => tf.Tensor][] = [
  ['meanSquaredError', (a) => a, (b) => b],
  ['meanAbsoluteError', (a) => a, (b) => b],
  ['meanAbsolutePercentageError', (a) => tf.add(a, 3), (b) => b],
  ['meanSquaredLogarithmicError', chance, chance],
  ['squaredHinge', tf.sign, (b) => b],
  ['hinge', tf.sign, (b) => b],
  ['categoricalHinge', share, (b) => b],
  ['logcosh', (a) => a, (b) => b],
  ['categoricalCrossentropy', share, share],
  ['sparseCategoricalCrossentropy', classes, share],
  ['binaryCrossentropy', chance, chance],
  ['kullbackLeiblerDivergence', share, share],
  ['poisson', chance, chance],
  ['cosineProximity', (a) => a, (b) => b],
]

/** The losses of tfjs-layers, as `compile` finds them. Labels have no gradient. */
export const layerLossRows: OpRow[] = ofLayers.map(([name, label, prediction]) => {
  const loss = lossOf(name)
  const labels = tf.tensor2d([0.3, 1.2, -0.7, 1, -1, 0.2, 0.9, 1.7, 0.1, -1.3, 0.4, 2], [3, 4])
  return { kernel: name, of: 'of tfjs-layers', fn: (b: tf.Tensor) => loss(label(labels), prediction(b)), tolerance: 1e-5 }
})

const halves = (x: tf.Tensor | undefined) => tf.round(chance(x))
const { metrics, constraints, regularizers } = tfl

export const metricRows: OpRow[] = [
  { kernel: 'binaryAccuracy', fn: (a, b) => metrics.binaryAccuracy(halves(a), chance(b)), shapes: pair, ...none },
  { kernel: 'binaryCrossentropy', fn: (a, b) => metrics.binaryCrossentropy(halves(a), chance(b)), ...close, ...none },
  { kernel: 'categoricalAccuracy', fn: (a, b) => metrics.categoricalAccuracy(share(a), share(b)), shapes: pair, ...none },
  { kernel: 'categoricalCrossentropy', fn: (a, b) => metrics.categoricalCrossentropy(share(a), share(b)), ...close, ...none },
  {
    kernel: 'sparseCategoricalAccuracy',
    fn: (a, b) => metrics.sparseCategoricalAccuracy(tf.expandDims(tf.argMax(a!, 1), 1), share(b)),
    shapes: pair,
    ...none,
  },
  { kernel: 'cosineProximity', fn: (a, b) => metrics.cosineProximity(a!, b!), ...close, ...none },
  { kernel: 'meanAbsoluteError', fn: (a, b) => metrics.meanAbsoluteError(a!, b!), shapes: pair, ...none },
  { kernel: 'meanAbsolutePercentageError', fn: (a, b) => metrics.meanAbsolutePercentageError(a!, b!), ...close, ...none },
  { kernel: 'meanSquaredError', fn: (a, b) => metrics.meanSquaredError(a!, b!), shapes: pair, ...none },
  { kernel: 'precision', fn: (a, b) => metrics.precision(halves(a), halves(b)), shapes: pair, ...none },
  { kernel: 'recall', fn: (a, b) => metrics.recall(halves(a), halves(b)), shapes: pair, ...none },
  { kernel: 'r2Score', fn: (a, b) => metrics.r2Score(a!, b!), ...close, ...none },
]

export const constraintRows: OpRow[] = [
  { kernel: 'maxNorm', fn: (x) => constraints.maxNorm({ maxValue: 1, axis: 0 }).apply(x), tolerance: 1e-5, ...none },
  { kernel: 'minMaxNorm', fn: (x) => constraints.minMaxNorm({ minValue: 0.5, maxValue: 1, axis: 0 }).apply(x), tolerance: 1e-5, ...none },
  { kernel: 'nonNeg', fn: (x) => constraints.nonNeg().apply(x), ...none },
  { kernel: 'unitNorm', fn: (x) => constraints.unitNorm({ axis: 0 }).apply(x), tolerance: 1e-5, ...none },
  { kernel: 'l1', fn: (x) => regularizers.l1({ l1: 0.1 }).apply(x), tolerance: 1e-5 },
  { kernel: 'l2', fn: (x) => regularizers.l2({ l2: 0.1 }).apply(x), tolerance: 1e-5 },
  { kernel: 'l1l2', fn: (x) => regularizers.l1l2({ l1: 0.1, l2: 0.2 }).apply(x), tolerance: 1e-5 },
]
