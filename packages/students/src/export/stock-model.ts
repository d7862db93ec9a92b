import { channelNames } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers'
import type { Student } from '../student.ts'
import { finiteWeights } from './finite-weights.ts'

type Symbolic = ReturnType<typeof input>

/**
 * The student in layers that TensorFlow.js has itself: padding is masked by the word vectors' layer. The caller disposes of it.
 * @throws KdError of kind `numeric`
 */
export function stockModel(student: Student): LayersModel {
  const { hidden, dense, dimensions, channels } = student.description
  const weights = finiteWeights(student)
  const names = channelNames(channels)
  const ids = input({ shape: [null], dtype: 'int32', name: 'ids' })
  const vectors = names.map(
    (name) =>
      layers
        .embedding({
          inputDim: student.vocabulary.size,
          outputDim: dimensions,
          maskZero: true,
          embeddingsInitializer: 'zeros',
          trainable: name === 'trainable',
          name: `embeddings_${name}`,
        })
        .apply(ids) as Symbolic,
  )
  const words = vectors.length === 1 ? vectors[0]! : (layers.concatenate({ axis: -1, name: 'words' }).apply(vectors) as Symbolic)
  const states = layers.bidirectional({ layer: plainLstm(hidden), mergeMode: 'concat', name: 'bilstm' }).apply(words)
  const features = layers.dense({ units: dense, activation: 'relu', kernelInitializer: 'zeros', name: 'dense' }).apply(states)
  const logits = layers.dense({ units: student.labels.length, kernelInitializer: 'zeros', name: 'logits' }).apply(features)
  const whole = model({ inputs: ids, outputs: logits as Symbolic, name: 'bilstm' })
  for (const name of names)
    setWeights(whole, `embeddings_${name}`, [[weights[`embeddings.${name}`]!, [student.vocabulary.size, dimensions]]])
  setWeights(
    whole,
    'bilstm',
    ['', '_reverse'].flatMap((direction): Values[] => [
      [weights[`lstm.weight_ih_l0${direction}`]!, [4 * hidden, names.length * dimensions], 'transposed'],
      [weights[`lstm.weight_hh_l0${direction}`]!, [4 * hidden, hidden], 'transposed'],
      [weights[`lstm.bias_ih_l0${direction}`]!, [4 * hidden]],
    ]),
  )
  for (const [name, rows, columns] of [
    ['dense', dense, 2 * hidden],
    ['logits', student.labels.length, dense],
  ] as const) {
    setWeights(whole, name, [
      [weights[`${name}.weight`]!, [rows, columns], 'transposed'],
      [weights[`${name}.bias`]!, [rows]],
    ])
  }
  return whole
}

/** PyTorch's LSTM: gates by the sigmoid, not its piecewise stand-in. Zeros at first: who loads the model pays for no random matrices. */
const plainLstm = (units: number) =>
  layers.lstm({
    units,
    name: 'lstm',
    recurrentActivation: 'sigmoid',
    kernelInitializer: 'zeros',
    recurrentInitializer: 'zeros',
    unitForgetBias: false,
  }) as Parameters<typeof layers.bidirectional>[0]['layer']

/** A tensor in the layout of PyTorch; its linear weights stand the other way than those of TensorFlow.js. */
type Values = readonly [data: Float32Array, shape: number[], turned?: 'transposed']

function setWeights(whole: LayersModel, name: string, values: readonly Values[]): void {
  tf.tidy(() => {
    whole.getLayer(name).setWeights(
      values.map(([data, shape, turned]) => {
        const tensor = tf.tensor(data, shape)
        return turned ? tf.transpose(tensor) : tensor
      }),
    )
  })
}
