import { float16ToFloat32, float32ToFloat16, KdError, type TensorToWrite, writeSafetensors } from '@kd/core'
import type { BertConfig } from '../checkpoint/config.ts'
import { type Family, families } from '../checkpoint/families.ts'
import { findModel } from '../checkpoint/find-model.ts'
import { type Matrix, matrixValues } from '../checkpoint/matrix.ts'
import { type BertModel, readModel } from '../checkpoint/model.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import { scaleSuffix } from '../checkpoint/tensor-finder.ts'
import type { BertWeights, Linear, Norm } from '../checkpoint/weights.ts'
import { forwardOn } from '../forward/forward.ts'
import { BertTeacher } from '../teacher.ts'
import { quantizeWeights } from './quantize.ts'

export interface QuantizeOptions {
  /** Names of the classes in the order of the logits, written into config.json. Default: those it has. */
  labels?: readonly string[]
  /** Texts whose logits are stored, to be compared whenever the model is loaded. Default: four short ones. */
  selfCheck?: readonly string[]
}

const defaultSelfCheck = ['a warm and clever little film', 'the plot makes no sense at all', 'never again', 'perfect']

/** Far above what rounding does (0.01 was seen), far below what a saturating product does. */
const selfCheckTolerance = 0.25

/**
 * A Hugging Face folder's model with the matrices of its layers and its word embeddings in int8: a fourth of its size in
 * single precision. Biases, norms, position embeddings and the head stay as they are.
 * @returns the files of the new model folder by name; nothing is written
 * @throws KdError as `BertTeacher.load`
 */
export async function quantizeCheckpoint(folder: string, options: QuantizeOptions = {}): Promise<Record<string, Uint8Array | string>> {
  const { labels, selfCheck = defaultSelfCheck } = options
  if (selfCheck.length === 0) {
    throw new KdError({ kind: 'option', what: 'there must be at least one text', where: { option: 'selfCheck' } })
  }
  const found = await findModel(folder)
  if (found.weights.format === 'onnx') {
    throw new KdError({ kind: 'mismatch', what: 'it holds an ONNX graph in place of weights', where: { file: folder } })
  }
  const model = await readModel(found.folder)
  const weights = quantizeWeights(model.weights)
  const names = labels ?? model.config.labels
  const rows = await storedAnswers({ ...model, weights, selfCheck: undefined }, selfCheck, names)
  return {
    [modelFiles.weights]: writeSafetensors(tensorsOf(weights, model.config), {
      format: 'pt',
      'kd.quantization': 'int8, symmetric, a scale a row',
    }),
    [modelFiles.config]: `${JSON.stringify(configWith(model.configJson, names), null, 2)}\n`,
    [modelFiles.tokenizer]: JSON.stringify(model.tokenizerJson),
    [modelFiles.selfCheck]: `${JSON.stringify({ tolerance: selfCheckTolerance, rows }, null, 2)}\n`,
  }
}

/** Products of whole numbers may round differently elsewhere: what is stored is the same weights' answer in single precision. */
async function storedAnswers(model: BertModel, texts: readonly string[], labels: readonly string[] | undefined) {
  const forward = await forwardOn(model.weights, model.config, 'float32')
  try {
    const teacher = new BertTeacher(model.folder, model, forward, { labels })
    const logits = await teacher.logits(texts.map((text) => ({ text })))
    const classes = teacher.labels.length
    const rounded = (value: number) => Number(value.toFixed(4))
    return texts.map((text, row) => ({ text, logits: [...logits.subarray(row * classes, (row + 1) * classes)].map(rounded) }))
  } finally {
    await forward.dispose()
  }
}

/** A model's tensors by the names of its family. */
function tensorsOf(weights: BertWeights, config: BertConfig): Record<string, TensorToWrite> {
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
  linear(/^pooler/.test(head.dense) ? full(head.dense) : head.dense, weights.pooler)
  linear(head.output, weights.classifier)
  return tensors
}

/** The values in half precision where that loses nothing: a checkpoint stored so stays so. */
function halved(values: Float32Array): Uint16Array | undefined {
  const half = float32ToFloat16(values)
  return float16ToFloat32(half).every((value, i) => value === values[i]) ? half : undefined
}

function configWith(config: Readonly<Record<string, unknown>>, labels: readonly string[] | undefined): Record<string, unknown> {
  if (labels === undefined) return { ...config }
  return {
    ...config,
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  }
}
