import * as tf from '@tensorflow/tfjs-core'
import { input, type LayersModel, layers } from '@tensorflow/tfjs-layers'
import { BilstmLayer } from '../encoder/layer.ts'
import type { DenseWeights, Sizes } from './weights.ts'

export type Symbolic = ReturnType<typeof input>

/** All layers behind the word vectors; they share their weights with every model built of them. */
export interface Head {
  readonly bilstm: BilstmLayer
  readonly dense: layers.Layer
  readonly logits: layers.Layer
  /** The weights as variables. */
  readonly variables: Readonly<Record<keyof DenseWeights, tf.Variable>>
}

export function buildHead({ inputs, hidden, features, dense, classes }: Sizes): Head {
  const head = {
    bilstm: new BilstmLayer({ units: hidden, name: 'lstm' }),
    dense: layers.dense({ units: dense, activation: 'relu', kernelInitializer: 'zeros', name: 'dense' }),
    logits: layers.dense({ units: classes, kernelInitializer: 'zeros', name: 'logits' }),
  }
  // Weights are made when a layer meets its first input.
  head.bilstm.apply([input({ shape: [null, inputs] }), input({ shape: [null], dtype: 'int32' })])
  head.logits.apply(head.dense.apply(input({ shape: [features] })))
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

/** Word ids to word vectors, the channels side by side: layers that several inputs may share. */
export function wordVectors(channels: readonly Channel[]): (ids: Symbolic) => Symbolic {
  const tables = channels.map(({ name, words, dimensions }) =>
    layers.embedding({
      inputDim: words,
      outputDim: dimensions,
      embeddingsInitializer: 'zeros',
      trainable: name === 'trainable',
      name: `embeddings_${name}`,
    }),
  )
  const joined = layers.concatenate({ axis: -1 })
  return (ids) => {
    const vectors = tables.map((table) => table.apply(ids) as Symbolic)
    return vectors.length === 1 ? vectors[0]! : (joined.apply(vectors) as Symbolic)
  }
}

/** The variable of a channel's word vectors in a student's model. */
export function channelVariable(model: LayersModel, name: Channel['name']): tf.Variable {
  return model.getLayer(`embeddings_${name}`).weights[0]!.read() as tf.Variable
}

/** Sets a variable from values in its layout. */
export function assign(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)))
}
