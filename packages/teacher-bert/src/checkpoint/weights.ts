import { KdError, type Safetensors, type SafetensorsTensor, toFloat32 } from '@kd/core'
import type { BertConfig } from './config.ts'
import type { Matrix } from './matrix.ts'
import { tensorNames } from './tensor-names.ts'

/** `y = x W^T + b`: the weight is `[outputs, inputs]`, as PyTorch keeps it. */
export interface Linear {
  readonly weight: Matrix
  readonly bias: Float32Array
}

export interface Norm {
  readonly gain: Float32Array
  readonly bias: Float32Array
}

export interface LayerWeights {
  readonly query: Linear
  readonly key: Linear
  readonly value: Linear
  readonly attentionOutput: Linear
  readonly attentionNorm: Norm
  readonly intermediate: Linear
  readonly output: Linear
  readonly outputNorm: Norm
}

export interface BertWeights {
  readonly wordEmbeddings: Matrix
  readonly positionEmbeddings: Matrix
  readonly typeEmbeddings: Matrix
  readonly embeddingNorm: Norm
  readonly layers: readonly LayerWeights[]
  readonly pooler: Linear
  /** `[labels, hidden]` */
  readonly classifier: Linear
}

/** What an int8 weight's scales (one a row) are called, behind the weight's own name. */
export const scaleSuffix = '_scale'

/**
 * A checkpoint's weights, each found under its family's name and checked against the configuration.
 * @param file names the file in errors
 * @throws KdError of kind `missing` (names what was tried), `mismatch` (a shape that contradicts the configuration,
 * tensors that no BERT has) or `numeric` (NaN or infinite weights)
 */
export function readWeights({ tensors }: Safetensors, config: BertConfig, file: string): BertWeights {
  const names = tensorNames.bert
  const used = new Set<string>()
  const candidates = (name: string) => (name.startsWith(names.classifier) ? [name] : names.prefixes.map((prefix) => prefix + name))

  const find = (name: string): [name: string, tensor: SafetensorsTensor] => {
    const tried = candidates(name)
    const found = tried.find((candidate) => tensors.has(candidate))
    if (found === undefined) {
      throw new KdError({
        kind: 'missing',
        what: `there is no tensor ${tried.join(' or ')} among its ${tensors.size} tensors`,
        where: { file },
        fix: name.startsWith(names.classifier)
          ? 'The checkpoint has no classification head: fine-tune it first.'
          : `Check that config.json, which asks for ${config.layers} layers, belongs to these weights.`,
      })
    }
    used.add(found)
    return [found, tensors.get(found)!]
  }

  const expectShape = (name: string, tensor: SafetensorsTensor, shape: readonly number[]) => {
    if (tensor.shape.length === shape.length && tensor.shape.every((side, i) => side === shape[i])) return
    throw new KdError({
      kind: 'mismatch',
      what: `its shape is [${tensor.shape}], config.json asks for [${shape}]`,
      where: { file, tensor: name },
      fix: 'Use the config.json that was saved with these weights.',
    })
  }

  const finite = (name: string, values: Float32Array): Float32Array => {
    const bad = values.findIndex((value) => !Number.isFinite(value))
    if (bad < 0) return values
    throw new KdError({
      kind: 'numeric',
      what: `element ${bad} is ${values[bad]}`,
      where: { file, tensor: name },
      fix: 'Training diverged or the file is damaged: use an earlier checkpoint.',
    })
  }

  const vector = (name: string, size: number): Float32Array => {
    const [found, tensor] = find(name)
    expectShape(found, tensor, [size])
    return finite(found, toFloat32(tensor, found))
  }

  const matrix = (name: string, rows: number, columns: number): Matrix => {
    const [found, tensor] = find(`${name}.weight`)
    expectShape(found, tensor, [rows, columns])
    if (tensor.type !== 'I8') return { rows, columns, values: finite(found, toFloat32(tensor, found)) }
    const scales = vector(`${name}.weight${scaleSuffix}`, rows)
    const int8 = new Int8Array(tensor.bytes.buffer as ArrayBuffer, tensor.bytes.byteOffset, tensor.bytes.byteLength)
    return { rows, columns, int8, scales }
  }

  const linear = (name: string, outputs: number, inputs: number): Linear => ({
    weight: matrix(name, outputs, inputs),
    bias: vector(`${name}.bias`, outputs),
  })
  const norm = (name: string): Norm => ({ gain: vector(`${name}.weight`, hidden), bias: vector(`${name}.bias`, hidden) })

  const { hidden, intermediate } = config
  const layer = (index: number): LayerWeights => {
    const at = (name: string) => name.replace('{layer}', String(index))
    return {
      query: linear(at(names.query), hidden, hidden),
      key: linear(at(names.key), hidden, hidden),
      value: linear(at(names.value), hidden, hidden),
      attentionOutput: linear(at(names.attentionOutput), hidden, hidden),
      attentionNorm: norm(at(names.attentionNorm)),
      intermediate: linear(at(names.intermediate), intermediate, hidden),
      output: linear(at(names.output), hidden, intermediate),
      outputNorm: norm(at(names.outputNorm)),
    }
  }

  const classes = config.labels?.length ?? tensors.get(`${names.classifier}.weight`)?.shape[0] ?? 2
  const weights: BertWeights = {
    wordEmbeddings: matrix(names.wordEmbeddings, config.vocabularySize, hidden),
    positionEmbeddings: matrix(names.positionEmbeddings, config.positions, hidden),
    typeEmbeddings: matrix(names.typeEmbeddings, config.types, hidden),
    embeddingNorm: norm(names.embeddingNorm),
    layers: Array.from({ length: config.layers }, (_, index) => layer(index)),
    pooler: linear(names.pooler, hidden, hidden),
    classifier: linear(names.classifier, classes, hidden),
  }
  const extra = [...tensors.keys()].filter((name) => !used.has(name) && !name.endsWith('embeddings.position_ids'))
  if (extra.length > 0) {
    throw new KdError({
      kind: 'mismatch',
      what: `${extra.length} of its tensors have no place in this model, ${extra[0]} among them`,
      where: { file },
      fix: `Check that config.json, which asks for ${config.layers} layers, belongs to these weights.`,
    })
  }
  return weights
}
