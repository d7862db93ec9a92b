import type { DropoutRates } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers'
import { BilstmLayer } from './layer.ts'
import type { DenseWeights, Sizes } from './weights.ts'

/** All layers behind the word vectors; they share their weights with every model built of them. */
export interface Head {
  readonly bilstm: BilstmLayer
  readonly dense: layers.Layer
  readonly logits: layers.Layer
  /** The weights as variables. */
  readonly variables: Readonly<Record<keyof DenseWeights, tf.Variable>>
}

export function buildHead({ inputs, hidden, dense, classes }: Sizes): Head {
  const head = {
    bilstm: new BilstmLayer({ units: hidden, name: 'lstm' }),
    dense: layers.dense({ units: dense, activation: 'relu', kernelInitializer: 'zeros', name: 'dense' }),
    logits: layers.dense({ units: classes, kernelInitializer: 'zeros', name: 'logits' }),
  }
  // Dimensions of the word vectors are the only shape that the weights depend on.
  const words = input({ shape: [null, inputs] })
  head.logits.apply(head.dense.apply(head.bilstm.apply([words, input({ shape: [null], dtype: 'int32' })])))
  const [kernel, recurrent, bias, denseKernel, denseBias, logitsKernel, logitsBias] = [head.bilstm, head.dense, head.logits].flatMap(
    (layer) => layer.weights.map((weight) => weight.read() as tf.Variable),
  ) as [tf.Variable, ...tf.Variable[]] as tf.Variable[]
  return {
    ...head,
    variables: {
      kernel: kernel!,
      recurrent: recurrent!,
      bias: bias!,
      denseKernel: denseKernel!,
      denseBias: denseBias!,
      logitsKernel: logitsKernel!,
      logitsBias: logitsBias!,
    },
  }
}

export interface Channel {
  readonly name: 'static' | 'trainable'
  readonly words: number
  readonly dimensions: number
}

/** The whole student: word ids int32 `[batch, length]`, padded with 0 behind, to logits `[batch, classes]`. */
export function buildModel(head: Head, channels: readonly Channel[], dropout: DropoutRates): LayersModel {
  const ids = input({ shape: [null], dtype: 'int32', name: 'ids' })
  const vectors = channels.map(
    ({ name, words, dimensions }) =>
      layers
        .embedding({
          inputDim: words,
          outputDim: dimensions,
          embeddingsInitializer: 'zeros',
          trainable: name === 'trainable',
          name: `embeddings_${name}`,
        })
        .apply(ids) as ReturnType<typeof input>,
  )
  const joined = vectors.length === 1 ? vectors[0]! : (layers.concatenate({ axis: -1 }).apply(vectors) as ReturnType<typeof input>)
  const words = layers.dropout({ rate: dropout.words }).apply(joined) as ReturnType<typeof input>
  const states = layers.dropout({ rate: dropout.states }).apply(head.bilstm.apply([words, ids]))
  const features = layers.dropout({ rate: dropout.dense }).apply(head.dense.apply(states))
  return model({ inputs: ids, outputs: head.logits.apply(features) as ReturnType<typeof input>, name: 'bilstm' })
}

/** The variable of a channel's word vectors in a model of `buildModel`. */
export function channelVariable(model: LayersModel, name: Channel['name']): tf.Variable {
  return model.getLayer(`embeddings_${name}`).weights[0]!.read() as tf.Variable
}

/** Sets a variable from values in its layout. */
export function assign(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)))
}
