import type { RowTable } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import { type FloatMatrix, matrixValues, transposed } from '../checkpoint/matrix.ts'
import type { BertWeights, LayerWeights, Linear, Norm } from '../checkpoint/weights.ts'
import { type BertTensors, bertTensors, type LayerTensors, type LinearTensors, type NormTensors } from '../forward/tfjs-bert.ts'

/** One variable of a model. */
export interface ModelVariable {
  readonly variable: tf.Variable
  /** 0 for embeddings, 1 for the first layer, one more than there are layers for the head. */
  readonly depth: number
  /** Whether it decays: biases and norms do not. */
  readonly decays: boolean
}

type NamedTensors = { [K in keyof BertTensors as string extends K ? never : K]: BertTensors[K] }

/** All but the word embeddings. */
export type OtherTensors = Omit<NamedTensors, 'wordEmbeddings'>

/** A model's weights as a training step changes them: variables, and the word embeddings as a table of rows. */
export interface Parameters {
  readonly tensors: OtherTensors
  readonly words: { readonly data: Float32Array; readonly dimensions: number }
  readonly variables: readonly ModelVariable[]
  dispose(): void
}

export const wordTable = 'word embeddings'

/** Weights that can be trained: copies, so that those given stay as they are. */
export function parametersOf(weights: BertWeights): Parameters {
  const variables: ModelVariable[] = []
  const last = weights.layers.length + 1
  const tensors = tf.tidy(() => {
    const { wordEmbeddings: _, layers, ...rest } = bertTensors(weights)
    const variable = <T extends tf.Tensor>(tensor: T, decays: boolean, depth: number): T => {
      const made = tf.variable(tensor)
      variables.push({ variable: made, decays, depth })
      return made as unknown as T
    }
    const group = <T extends LinearTensors | NormTensors>(tensors: T, depth: number): T =>
      mapped(tensors, (tensor, name) => variable(tensor as tf.Tensor, name === 'kernel', depth)) as T
    // A layer that is used at several depths counts as the deepest.
    const depths = new Map(layers.map((layer, index) => [layer, index + 1]))
    const made = new Map<LayerTensors, LayerTensors>()
    for (const [layer, depth] of depths) made.set(layer, mapped(layer, (part) => group(part as LinearTensors, depth)) as LayerTensors)
    const others = mapped(rest, (part, name) => {
      if (part === undefined) return part
      const depth = name === 'pooler' || name === 'classifier' ? last : 0
      return part instanceof tf.Tensor ? variable(part, true, depth) : group(part as LinearTensors, depth)
    })
    return { ...others, layers: layers.map((layer) => made.get(layer)!) } as unknown as OtherTensors
  })
  const { wordEmbeddings } = weights
  return {
    tensors,
    words: { data: matrixValues(wordEmbeddings).slice(), dimensions: wordEmbeddings.columns },
    variables,
    dispose: () => tf.dispose(variables.map(({ variable }) => variable)),
  }
}

/** The word embeddings as a training step's table. */
export const tableOf = ({ words }: Parameters, trainable: boolean): RowTable => ({ name: wordTable, ...words, trainable })

/** The weights as they are now. */
export function weightsOf({ tensors, words }: Parameters): BertWeights {
  const values = (tensor: tf.Tensor) => Float32Array.from(tensor.dataSync())
  const table = (tensor: tf.Tensor2D): FloatMatrix => ({ rows: tensor.shape[0], columns: tensor.shape[1], values: values(tensor) })
  const linear = ({ kernel, bias }: LinearTensors): Linear => {
    const [inputs, outputs] = kernel.shape
    return { weight: { rows: outputs, columns: inputs, values: transposed(values(kernel), inputs, outputs) }, bias: values(bias) }
  }
  const norm = ({ gain, bias }: NormTensors): Norm => ({ gain: values(gain), bias: values(bias) })
  const layer = (of: LayerTensors): LayerWeights => ({
    query: linear(of.query),
    key: linear(of.key),
    value: linear(of.value),
    attentionOutput: linear(of.attentionOutput),
    attentionNorm: norm(of.attentionNorm),
    intermediate: linear(of.intermediate),
    output: linear(of.output),
    outputNorm: norm(of.outputNorm),
  })
  const layers = new Map([...new Set(tensors.layers)].map((of) => [of, layer(of)]))
  const { typeEmbeddings, embeddingProjection, relativeBias } = tensors
  const { data, dimensions } = words
  return {
    wordEmbeddings: { rows: data.length / dimensions, columns: dimensions, values: data.slice() },
    positionEmbeddings: table(tensors.positionEmbeddings),
    ...(typeEmbeddings && { typeEmbeddings: table(typeEmbeddings) }),
    embeddingNorm: norm(tensors.embeddingNorm),
    ...(embeddingProjection && { embeddingProjection: linear(embeddingProjection) }),
    ...(relativeBias && { relativeBias: table(relativeBias) }),
    layers: tensors.layers.map((of) => layers.get(of)!),
    pooler: linear(tensors.pooler),
    classifier: linear(tensors.classifier),
  }
}

const mapped = <T extends object>(of: T, change: (value: unknown, name: string) => unknown): object =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value, name)]))

/** Copies of all values, by name. */
export function valuesOf({ variables, words }: Parameters): Record<string, Float32Array> {
  const values = variables.map(({ variable }, index) => [`variable ${index}`, Float32Array.from(variable.dataSync())] as const)
  return { ...Object.fromEntries(values), [wordTable]: words.data.slice() }
}

/** Puts values of `valuesOf` back. */
export function restoreValues({ variables, words }: Parameters, values: Readonly<Record<string, Float32Array>>): void {
  variables.forEach(({ variable }, index) => {
    tf.tidy(() => variable.assign(tf.tensor(values[`variable ${index}`]!, variable.shape)))
  })
  words.data.set(values[wordTable]!)
}
