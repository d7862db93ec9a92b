import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'

const { layers } = tfl
type Layer = tfl.layers.Layer
type Activation = NonNullable<Parameters<typeof layers.dense>[0]['activation']>

/** One way to use a layer of tfjs-layers. */
export interface LayerRow {
  readonly name: string
  /** The input's shape without the batch. */
  readonly shape: readonly number[]
  /** The layers, in order. */
  readonly make: () => Layer[]
  /** Inputs that are whole numbers below this. */
  readonly below?: number
  /** Whether some of the input's steps are zero throughout, for what leaves them out. */
  readonly gaps?: boolean
  /** Default: 3. */
  readonly batch?: number
  /** False for what has no gradient in TensorFlow.js. */
  readonly trained?: boolean
}

// The default of the recurrent layers, orthogonal, needs functions that the core of TensorFlow.js lacks.
const recurrent = { recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' } as const
const { dense, reshape } = layers
const sequence = [3, 3]
const image = [6, 5, 2]
const volume = [3, 4, 4, 2]

/** Two branches of the same input, brought together. */
function merged(name: string, merge: () => Layer, units: readonly [number, number] = [4, 4]): LayerRow {
  return { name, shape: [3], make: () => [new Branches(units, merge())] }
}

/** Dense layers side by side, whose results another layer takes as a list. */
class Branches extends layers.Layer {
  static className = 'Branches'
  readonly #branches: Layer[]
  readonly #merge: Layer

  constructor(units: readonly number[], merge: Layer, activations: readonly Activation[] = units.map(() => 'tanh')) {
    super({})
    this.#branches = units.map((units, at) => dense({ units, activation: activations[at] }))
    this.#merge = merge
  }

  override build(inputShape: tfl.Shape): void {
    const shapes = this.#branches.map((branch) => {
      branch.build(inputShape)
      return branch.computeOutputShape(inputShape) as tfl.Shape
    })
    this.#merge.build(shapes)
    this._trainableWeights = this.#branches.flatMap((branch) => branch.trainableWeights)
    super.build(inputShape)
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return this.#merge.computeOutputShape(this.#branches.map((branch) => branch.computeOutputShape(inputShape) as tfl.Shape)) as tfl.Shape
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Parameters<Layer['call']>[1]): tf.Tensor | tf.Tensor[] {
    const input = Array.isArray(inputs) ? inputs[0]! : inputs
    return this.#merge.call(
      this.#branches.map((branch) => branch.call(input, kwargs) as tf.Tensor),
      kwargs,
    )
  }
}

/** Attention as people write it who train it: TensorFlow.js has no gradient of Einstein's notation. */
class Attention extends layers.Layer {
  static className = 'Attention'
  readonly #heads = 2
  #weights: Record<'query' | 'key' | 'value', tfl.LayerVariable> | undefined

  override build(inputShape: tfl.Shape): void {
    const side = inputShape.at(-1)!
    const weight = (name: string) => this.addWeight(name, [side, side], 'float32', tfl.initializers.glorotUniform({ seed: name.length }))
    this.#weights = { query: weight('query'), key: weight('key'), value: weight('value') }
    super.build(inputShape)
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs
    const [batch, length, side] = x.shape as [number, number, number]
    const heads = (name: 'query' | 'key' | 'value') => {
      const projected = tf.matMul(tf.reshape(x, [batch * length, side]), this.#weights![name].read() as tf.Tensor2D)
      return tf.transpose(tf.reshape(projected, [batch, length, this.#heads, side / this.#heads]), [0, 2, 1, 3])
    }
    const scores = tf.mul(tf.matMul(heads('query'), heads('key'), false, true), (side / this.#heads) ** -0.5)
    return tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), heads('value')), [0, 2, 1, 3]), [batch, length, side])
  }
}

const activations = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const

/** Layers that prepare inputs, which tfjs-layers can't have in a model. */
export const preparingRows: [string, Layer][] = [
  ['rescaling', layers.rescaling({ scale: 0.5, offset: 1 })],
  ['resizing', layers.resizing({ height: 4, width: 4 })],
  ['resizing, nearest', layers.resizing({ height: 7, width: 3, interpolation: 'nearest' })],
  ['centerCrop', layers.centerCrop({ height: 2, width: 3 })],
  ['centerCrop of a larger size', layers.centerCrop({ height: 9, width: 8 })],
]

/** Layers that look at values, so that they can't be traced. */
export const readingRows: [string, Layer][] = [
  ['categoryEncoding', layers.categoryEncoding({ numTokens: 5, outputMode: 'count' })],
  ['randomWidth', layers.randomWidth({ factor: [0.2, 0.3] })],
]

export const layerRows: LayerRow[] = [
  { name: 'dense', shape: [3], make: () => [dense({ units: 4, activation: 'relu' }), dense({ units: 2, useBias: false })] },
  { name: 'dense of a sequence', shape: sequence, make: () => [dense({ units: 4, activation: 'tanh' })] },
  {
    name: 'activations',
    shape: [3],
    make: () => [new Branches(new Array<number>(activations.length).fill(3), layers.concatenate(), activations)],
  },
  { name: 'elu', shape: [3], make: () => [dense({ units: 4 }), layers.elu({ alpha: 1 })] },
  { name: 'reLU', shape: [3], make: () => [dense({ units: 4 }), layers.reLU({ maxValue: 1 })] },
  { name: 'leakyReLU', shape: [3], make: () => [dense({ units: 4 }), layers.leakyReLU({ alpha: 0.2 })] },
  { name: 'prelu', shape: [3], make: () => [dense({ units: 4 }), layers.prelu({ alphaInitializer: 'ones' })] },
  { name: 'softmax', shape: [3], make: () => [dense({ units: 4 }), layers.softmax({})] },
  { name: 'thresholdedReLU', shape: [3], trained: false, make: () => [dense({ units: 4 }), layers.thresholdedReLU({ theta: 0.1 })] },
  {
    name: 'embedding',
    shape: [5],
    below: 7,
    make: () => [layers.embedding({ inputDim: 7, outputDim: 3 }), layers.flatten(), dense({ units: 2 })],
  },
  {
    name: 'embedding that masks, LSTM',
    shape: [5],
    below: 3,
    make: () => [layers.embedding({ inputDim: 3, outputDim: 3, maskZero: true }), layers.lstm({ units: 3, ...recurrent })],
  },
  { name: 'lstm', shape: sequence, make: () => [layers.lstm({ units: 3, ...recurrent })] },
  {
    name: 'lstm of hard gates, sequences',
    shape: sequence,
    make: () => [layers.lstm({ units: 3, recurrentInitializer: 'glorotUniform', returnSequences: true })],
  },
  { name: 'gru', shape: sequence, make: () => [layers.gru({ units: 3, ...recurrent })] },
  {
    name: 'simpleRNN',
    shape: sequence,
    make: () => [layers.simpleRNN({ units: 3, recurrentInitializer: 'glorotUniform', goBackwards: true })],
  },
  {
    name: 'rnn of stacked cells',
    shape: sequence,
    make: () => [layers.rnn({ cell: [layers.lstmCell({ units: 3, ...recurrent }), layers.gruCell({ units: 2, ...recurrent })] })],
  },
  {
    name: 'rnn of a cell',
    shape: sequence,
    make: () => [layers.rnn({ cell: layers.simpleRNNCell({ units: 3, recurrentInitializer: 'glorotUniform' }), returnSequences: true })],
  },
  {
    name: 'bidirectional',
    shape: sequence,
    make: () => [
      layers.bidirectional({ layer: layers.lstm({ units: 2, returnSequences: true, ...recurrent }) as tfl.RNN, mergeMode: 'concat' }),
    ],
  },
  {
    name: 'bidirectional, added',
    shape: sequence,
    make: () => [
      layers.bidirectional({ layer: layers.simpleRNN({ units: 2, recurrentInitializer: 'glorotUniform' }) as tfl.RNN, mergeMode: 'sum' }),
    ],
  },
  {
    name: 'convLstm2d',
    shape: [2, 3, 3, 1],
    make: () => [layers.convLstm2d({ filters: 2, kernelSize: 2, padding: 'same', ...recurrent })],
  },
  { name: 'masking', shape: sequence, gaps: true, make: () => [layers.masking(), layers.lstm({ units: 3, ...recurrent })] },
  { name: 'timeDistributed', shape: sequence, make: () => [layers.timeDistributed({ layer: dense({ units: 2 }) })] },
  { name: 'dropout', shape: [3], make: () => [dense({ units: 8 }), layers.dropout({ rate: 0.4 })] },
  { name: 'spatialDropout1d', shape: sequence, make: () => [dense({ units: 8 }), layers.spatialDropout1d({ rate: 0.4 })] },
  { name: 'gaussianNoise', shape: [3], make: () => [dense({ units: 4 }), layers.gaussianNoise({ stddev: 0.3 })] },
  { name: 'gaussianDropout', shape: [3], make: () => [dense({ units: 4 }), layers.gaussianDropout({ rate: 0.3 })] },
  { name: 'alphaDropout', shape: [3], make: () => [dense({ units: 4 }), layers.alphaDropout({ rate: 0.3 })] },
  {
    name: 'lstm with dropout',
    shape: sequence,
    make: () => [layers.lstm({ units: 3, dropout: 0.3, recurrentDropout: 0.2, ...recurrent })],
  },
  { name: 'batchNormalization', shape: [3], make: () => [dense({ units: 4 }), layers.batchNormalization()] },
  {
    name: 'batchNormalization of images',
    shape: image,
    make: () => [layers.conv2d({ filters: 3, kernelSize: 2 }), layers.batchNormalization({ momentum: 0.5 })],
  },
  { name: 'layerNormalization', shape: sequence, make: () => [dense({ units: 4 }), layers.layerNormalization()] },
  { name: 'conv1d', shape: [6, 2], make: () => [layers.conv1d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' })] },
  {
    name: 'conv2d',
    shape: image,
    make: () => [layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' })],
  },
  {
    name: 'conv2d, channels first',
    shape: [2, 5, 5],
    make: () => [layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst' })],
  },
  {
    name: 'conv2dTranspose',
    shape: image,
    make: () => [layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' })],
  },
  { name: 'conv3d', shape: volume, make: () => [layers.conv3d({ filters: 2, kernelSize: 2, activation: 'elu' })] },
  {
    name: 'conv3dTranspose',
    shape: [2, 2, 2, 2],
    trained: false,
    make: () => [layers.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2 })],
  },
  { name: 'separableConv2d', shape: image, make: () => [layers.separableConv2d({ filters: 3, kernelSize: 2, depthMultiplier: 2 })] },
  {
    name: 'depthwiseConv2d',
    shape: image,
    make: () => [layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, activation: 'tanh' })],
  },
  { name: 'maxPooling1d', shape: [6, 2], make: () => [dense({ units: 3 }), layers.maxPooling1d({ poolSize: 2 })] },
  { name: 'maxPooling2d', shape: image, make: () => [dense({ units: 3 }), layers.maxPooling2d({ poolSize: 2, padding: 'same' })] },
  { name: 'maxPooling3d', shape: volume, make: () => [dense({ units: 3 }), layers.maxPooling3d({ poolSize: [2, 2, 2] })] },
  { name: 'averagePooling1d', shape: [6, 2], make: () => [dense({ units: 3 }), layers.averagePooling1d({ poolSize: 2 })] },
  { name: 'averagePooling2d', shape: image, make: () => [dense({ units: 3 }), layers.averagePooling2d({ poolSize: 2, padding: 'same' })] },
  { name: 'averagePooling3d', shape: volume, make: () => [dense({ units: 3 }), layers.averagePooling3d({ poolSize: [2, 2, 2] })] },
  { name: 'globalMaxPooling1d', shape: sequence, make: () => [dense({ units: 3 }), layers.globalMaxPooling1d({})] },
  { name: 'globalMaxPooling2d', shape: image, make: () => [dense({ units: 3 }), layers.globalMaxPooling2d({})] },
  { name: 'globalAveragePooling1d', shape: sequence, make: () => [dense({ units: 3 }), layers.globalAveragePooling1d({})] },
  { name: 'globalAveragePooling2d', shape: image, make: () => [dense({ units: 3 }), layers.globalAveragePooling2d({})] },
  // TensorFlow.js's cpu backend reads elsewhere in the gradient of the second image.
  { name: 'upSampling2d', shape: [3, 3, 2], batch: 1, make: () => [dense({ units: 2 }), layers.upSampling2d({ size: [2, 3] })] },
  {
    name: 'upSampling2d, bilinear',
    shape: [3, 3, 2],
    make: () => [dense({ units: 2 }), layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })],
  },
  {
    name: 'zeroPadding2d, cropping2D',
    shape: image,
    make: () => [
      dense({ units: 2 }),
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 1],
        ],
      }),
      layers.cropping2D({
        cropping: [
          [1, 0],
          [2, 1],
        ],
      }),
    ],
  },
  {
    name: 'reshape, permute, flatten',
    shape: [4],
    make: () => [dense({ units: 6 }), reshape({ targetShape: [2, 3] }), layers.permute({ dims: [2, 1] }), layers.flatten()],
  },
  { name: 'repeatVector', shape: [3], make: () => [dense({ units: 2 }), layers.repeatVector({ n: 3 })] },
  merged('add', () => layers.add()),
  merged('average', () => layers.average()),
  merged('concatenate', () => layers.concatenate(), [4, 2]),
  merged('maximum', () => layers.maximum()),
  merged('minimum', () => layers.minimum()),
  merged('multiply', () => layers.multiply()),
  merged('dot', () => layers.dot({ axes: 1, normalize: true })),
  { name: 'attention', shape: [3, 4], make: () => [new Attention({}), layers.layerNormalization()] },
]
