import { float16ToFloat32, float32ToFloat16, type TensorToWrite } from '@kd/core'
import type { BertConfig } from './config.ts'
import { type Family, families } from './families.ts'
import { type Matrix, matrixValues } from './matrix.ts'
import { scaleSuffix } from './tensor-finder.ts'
import type { EncoderWeights, HeadWeights, Linear, Norm } from './weights.ts'

/** A model's tensors by the names of its family; of a head what there is. */
export function tensorsOf(weights: EncoderWeights & Partial<HeadWeights>, config: BertConfig): Record<string, TensorToWrite> {
  const { tensors: names, head }: Family = families[config.family]
  const tensors: Record<string, TensorToWrite> = {}
  const floats = (name: string, values: Float32Array, shape: readonly number[]) => {
    tensors[name] = { data: halved(values) ?? values, shape }
  }
  const matrix = (name: string, matrix: Matrix) => {
    const shape = [matrix.rows, matrix.columns]
    if ('values' in matrix) return floats(`${name}.weight`, matrixValues(matrix), shape)
    tensors[`${name}.weight`] = { data: matrix.int8, shape }
    tensors[`${name}.weight${scaleSuffix}`] = { data: matrix.scales, shape: [matrix.rows] }
  }
  const linear = (name: string, { weight, bias }: Linear) => {
    matrix(name, weight)
    floats(`${name}.bias`, bias, [bias.length])
  }
  const norm = (name: string, { gain, bias }: Norm) => {
    floats(`${name}.weight`, gain, [gain.length])
    floats(`${name}.bias`, bias, [bias.length])
  }
  const full = (name: string) => names.prefixes[0] + name
  matrix(full(names.wordEmbeddings), weights.wordEmbeddings)
  matrix(full(names.positionEmbeddings), weights.positionEmbeddings)
  if (weights.typeEmbeddings) matrix(full(names.typeEmbeddings!), weights.typeEmbeddings)
  norm(full(names.embeddingNorm), weights.embeddingNorm)
  if (weights.embeddingProjection) linear(full(names.embeddingProjection!), weights.embeddingProjection)
  if (weights.relativeBias) matrix(full(names.relativeBias!), weights.relativeBias)
  new Map(config.layerKeys.map((key, index) => [key, weights.layers[index]!])).forEach((layer, key) => {
    const at = (name: string) => full(name.replace('{layer}', key))
    linear(at(names.query), layer.query)
    linear(at(names.key), layer.key)
    linear(at(names.value), layer.value)
    linear(at(names.attentionOutput), layer.attentionOutput)
    norm(at(names.attentionNorm), layer.attentionNorm)
    linear(at(names.intermediate), layer.intermediate)
    linear(at(names.output), layer.output)
    norm(at(names.outputNorm), layer.outputNorm)
  })
  if (weights.pooler) linear(/^pooler/.test(head.dense) ? full(head.dense) : head.dense, weights.pooler)
  if (weights.classifier) linear(head.output, weights.classifier)
  return tensors
}

/** The values in half precision where that loses nothing: a checkpoint stored so stays so. */
function halved(values: Float32Array): Uint16Array | undefined {
  const half = float32ToFloat16(values)
  return float16ToFloat32(half).every((value, i) => value === values[i]) ? half : undefined
}
