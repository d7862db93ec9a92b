import * as tf from '@tensorflow/tfjs-core'
import { layers } from '@tensorflow/tfjs-layers'

export interface BilstmLayerOptions {
  /** Units of each direction. */
  units: number
  name?: string
}

type Shape = (number | null)[]

/**
 * The final states of a bidirectional LSTM, padding left out: `[x, ids]`, `x` of shape `[batch, length, dimensions]` and
 * `ids` of shape `[batch, length]`, to `[batch, 2 * units]`: forward after the last word, backward after the first. Words
 * of id 0 are padding: they stand after the text and change nothing.
 *
 * Weights: `kernel` `[dimensions, 8 * units]` and `bias` `[8 * units]`, the forward direction's four gates (input,
 * forget, cell, output) and then the backward one's; `recurrent` `[2, units, 4 * units]`. Whoever builds the layer sets
 * them.
 */
export class BilstmLayer extends layers.Layer {
  static readonly className = 'KdBilstm'
  readonly units: number
  kernel!: ReturnType<layers.Layer['addWeight']>
  recurrent!: ReturnType<layers.Layer['addWeight']>
  bias!: ReturnType<layers.Layer['addWeight']>

  constructor(options: BilstmLayerOptions) {
    super(options as ConstructorParameters<typeof layers.Layer>[0])
    this.units = options.units
  }

  override getClassName(): string {
    return BilstmLayer.className
  }

  override build(inputShape: Shape | Shape[]): void {
    const dimensions = (inputShape as Shape[])[0]!.at(-1)!
    const zeros = { apply: (shape: number[]) => tf.zeros(shape) } as never
    this.kernel = this.addWeight('kernel', [dimensions, 8 * this.units], 'float32', zeros)
    this.recurrent = this.addWeight('recurrent', [2, this.units, 4 * this.units], 'float32', zeros)
    this.bias = this.addWeight('bias', [8 * this.units], 'float32', zeros)
    this.built = true
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [(inputShape as Shape[])[0]![0]!, 2 * this.units]
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x, ids] = inputs as [tf.Tensor3D, tf.Tensor2D]
      const [batch, length, dimensions] = x.shape
      const words = tf.cast(tf.notEqual(ids, tf.zerosLike(ids)), 'float32')
      const places = tf.unstack(tf.reshape(words, [batch, length, 1]), 1) as tf.Tensor2D[]
      const flat = tf.reshape(x, [batch * length, dimensions]) as tf.Tensor2D
      const projected = tf.add(tf.matMul(flat, this.kernel.read() as tf.Tensor2D), this.bias.read())
      const [forward, backward] = tf.split(tf.reshape(projected, [batch, length, 8 * this.units]), 2, 2)
      const [recurrentForward, recurrentBackward] = tf.unstack(this.recurrent.read()) as [tf.Tensor2D, tf.Tensor2D]
      return tf.concat(
        [
          finalState(tf.unstack(forward!, 1), places, recurrentForward),
          finalState(tf.unstack(backward!, 1).toReversed(), places.toReversed(), recurrentBackward),
        ],
        1,
      )
    })
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), units: this.units }
  }
}

tf.serialization.registerClass(BilstmLayer)

/**
 * One direction's final state `[batch, units]` from the projected words `[batch, 4 * units]` in the order in which they
 * are read, with a mask `[batch, 1]` for each: 0 where the state stays as it is.
 */
function finalState(projected: tf.Tensor[], masks: tf.Tensor2D[], recurrent: tf.Tensor2D): tf.Tensor2D {
  const units = recurrent.shape[0]
  const batch = projected[0]!.shape[0]!
  let h: tf.Tensor = tf.zeros([batch, units])
  let c: tf.Tensor = tf.zeros([batch, units])
  projected.forEach((x, place) => {
    const [i, f, g, o] = tf.split(tf.add(x, tf.matMul(h as tf.Tensor2D, recurrent)), 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
    const next = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)))
    const mask = masks[place]!
    const kept = tf.sub(1, mask)
    // 0 and 1 select exactly: products with them and sums with 0 round nothing.
    h = tf.add(tf.mul(mask, tf.mul(tf.sigmoid(o), tf.tanh(next))), tf.mul(kept, h))
    c = tf.add(tf.mul(mask, next), tf.mul(kept, c))
  })
  return h as tf.Tensor2D
}
