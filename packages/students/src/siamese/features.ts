import * as tf from '@tensorflow/tfjs-core'
import { layers } from '@tensorflow/tfjs-layers'

/**
 * What the dense layer reads of two texts' states `[batch, states]`: a, b, a * b, |a - b| side by side, `[batch, 4 * states]`
 * (Tang et al. 2019, section 3.2).
 */
export function pairFeatures(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  return tf.concat([a, b, tf.mul(a, b), tf.abs(tf.sub(a, b))], 1) as tf.Tensor2D
}

type Shape = (number | null)[]

/** `pairFeatures` as a layer of two inputs. */
export class PairFeaturesLayer extends layers.Layer {
  static readonly className = 'KdPairFeatures'

  override getClassName(): string {
    return PairFeaturesLayer.className
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, states] = (inputShape as Shape[])[0]!
    return [batch!, 4 * states!]
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [a, b] = inputs as [tf.Tensor2D, tf.Tensor2D]
    return tf.tidy(() => pairFeatures(a, b))
  }
}

tf.serialization.registerClass(PairFeaturesLayer)
