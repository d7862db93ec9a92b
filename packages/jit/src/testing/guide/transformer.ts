import * as tf from '@tensorflow/tfjs-core'
import { initializers, input, type LayersModel, type LayerVariable, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers'

/** What tfjs-layers gives a custom layer to call. */
type Inputs = tf.Tensor | tf.Tensor[]

/** Word and position vectors, added: ids `[batch, length]` to `[batch, length, width]`. */
class Positions extends layers.Layer {
  static className = 'Positions'
  readonly length: number
  readonly width: number
  #vectors!: LayerVariable

  constructor(length: number, width: number) {
    super({})
    this.length = length
    this.width = width
  }

  override build() {
    this.#vectors = this.addWeight('positions', [this.length, this.width], 'float32', initializers.randomNormal({ stddev: 0.02 }))
    this.built = true
  }

  override call(inputs: Inputs) {
    return tf.tidy(() => tf.add([inputs].flat()[0]!, this.#vectors.read()))
  }
}

/** Self-attention with several heads, `[batch, length, width]` to the same. */
class SelfAttention extends layers.Layer {
  static className = 'SelfAttention'
  readonly heads: number
  readonly width: number
  #weights: LayerVariable[] = []

  constructor(heads: number, width: number) {
    super({})
    this.heads = heads
    this.width = width
  }

  override build() {
    const side = [this.width, this.width]
    this.#weights = ['query', 'key', 'value', 'output'].map((name) => this.addWeight(name, side, 'float32', initializers.glorotUniform({})))
    this.built = true
  }

  override call(inputs: Inputs) {
    return tf.tidy(() => {
      const x = [inputs].flat()[0]!
      const [batch, length] = x.shape as [number, number, number]
      const times = (x: tf.Tensor, w: LayerVariable) => tf.matMul(tf.reshape(x, [-1, this.width]), w.read() as tf.Tensor2D)
      const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, length, this.heads, -1]), [0, 2, 1, 3])
      const [query, key, value] = this.#weights.slice(0, 3).map((w) => split(times(x, w)))
      const scores = tf.mul(tf.matMul(query!, key!, false, true), 1 / Math.sqrt(this.width / this.heads))
      const read = tf.transpose(tf.matMul(tf.softmax(scores), value!), [0, 2, 1, 3])
      return tf.reshape(times(read, this.#weights[3]!), [batch, length, this.width])
    })
  }
}

/** A classifier of texts: `blocks` transformer blocks over word ids `[batch, length]`. */
export function transformer({
  words = 1000,
  length = 32,
  width = 64,
  heads = 4,
  blocks = 2,
  classes = 2,
  dropout = 0.1,
} = {}): LayersModel {
  const ids = input({ shape: [length], dtype: 'int32' })
  let x = new Positions(length, width).apply(layers.embedding({ inputDim: words, outputDim: width }).apply(ids)) as SymbolicTensor
  const plus = (a: SymbolicTensor, b: SymbolicTensor) => layers.layerNormalization().apply(layers.add().apply([a, b])) as SymbolicTensor
  for (let block = 0; block < blocks; block++) {
    const read = layers.dropout({ rate: dropout }).apply(new SelfAttention(heads, width).apply(x)) as SymbolicTensor
    x = plus(x, read)
    const wide = layers.dense({ units: 4 * width, activation: 'relu' }).apply(x)
    x = plus(x, layers.dense({ units: width }).apply(wide) as SymbolicTensor)
  }
  const pooled = layers.globalAveragePooling1d().apply(x)
  return model({ inputs: ids, outputs: layers.dense({ units: classes }).apply(pooled) as SymbolicTensor })
}

export const transformerLoss = (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits)
