import { channelNames } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers'
import type { Student } from '../student/student.ts'
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
  const tables = names.map((name) =>
    layers.embedding({
      inputDim: student.vocabulary.size,
      outputDim: dimensions,
      maskZero: true,
      embeddingsInitializer: 'zeros',
      trainable: name === 'trainable',
      name: `embeddings_${name}`,
    }),
  )
  const joined = layers.concatenate({ axis: -1, name: 'words' })
  const bilstm = layers.bidirectional({ layer: plainLstm(hidden), mergeMode: 'concat', name: 'bilstm' })
  const states = (ids: Symbolic) => {
    const vectors = tables.map((table) => table.apply(ids) as Symbolic)
    return bilstm.apply(vectors.length === 1 ? vectors[0]! : joined.apply(vectors)) as Symbolic
  }
  const pairs = student.description.student === 'siamese'
  const inputs = (pairs ? ['ids', 'pair_ids'] : ['ids']).map((name) => input({ shape: [null], dtype: 'int32', name }))
  const read = inputs.map(states)
  const features = layers
    .dense({ units: dense, activation: 'relu', kernelInitializer: 'zeros', name: 'dense' })
    .apply(pairs ? pairFeatures(read) : read[0]!)
  const logits = layers.dense({ units: student.labels.length, kernelInitializer: 'zeros', name: 'logits' }).apply(features)
  const whole = model({ inputs, outputs: logits as Symbolic, name: student.name })
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
  const denseWeight = pairs ? forPairFeatures(weights['dense.weight']!, 2 * hidden) : weights['dense.weight']!
  for (const [name, weight, rows] of [
    ['dense', denseWeight, dense],
    ['logits', weights['logits.weight']!, student.labels.length],
  ] as const) {
    setWeights(whole, name, [
      [weight, [rows, weight.length / rows], 'transposed'],
      [weights[`${name}.bias`]!, [rows]],
    ])
  }
  return whole
}

/** TensorFlow.js has no layer for |a - b|: it is max(a, b) - min(a, b). `[batch, 5 * states]` */
function pairFeatures([a, b]: readonly Symbolic[]): Symbolic {
  const both = [a!, b!]
  const [product, larger, smaller] = [
    layers.multiply({ name: 'product' }),
    layers.maximum({ name: 'larger' }),
    layers.minimum({ name: 'smaller' }),
  ].map((layer) => layer.apply(both) as Symbolic)
  return layers.concatenate({ axis: -1, name: 'pair_features' }).apply([...both, product!, larger!, smaller!]) as Symbolic
}

/** The dense weight for these features: the last part, of |a - b|, once more with its sign changed. */
function forPairFeatures(weight: Float32Array, states: number): Float32Array {
  const rows = weight.length / (4 * states)
  const out = new Float32Array(rows * 5 * states)
  for (let row = 0; row < rows; row++) {
    const values = weight.subarray(row * 4 * states, (row + 1) * 4 * states)
    out.set(values, row * 5 * states)
    out.set(
      values.subarray(3 * states).map((value) => -value),
      (row * 5 + 4) * states,
    )
  }
  return out
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
