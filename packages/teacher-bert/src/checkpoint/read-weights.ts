import { KdError, type SafetensorsTensor } from '@kd/core'
import type { BertConfig } from './config.ts'
import { type Family, families } from './families.ts'
import { TensorFinder } from './tensor-finder.ts'
import type { BertWeights, EncoderWeights, LayerWeights } from './weights.ts'

/**
 * A checkpoint's weights, each found under its family's name and checked against the configuration.
 * @param file names the file in errors
 * @throws KdError of kind `missing` (names what was tried), `mismatch` (a shape that contradicts the configuration,
 * tensors that no such model has), `format` (an element type that is no number's) or `numeric` (NaN or infinite weights)
 */
export function readWeights(tensors: ReadonlyMap<string, SafetensorsTensor>, config: BertConfig, file: string): BertWeights {
  const { head }: Family = families[config.family]
  const finder = new TensorFinder(tensors, families[config.family].tensors.prefixes, file)
  const encoder = readEncoder(finder, config)
  const belongs = `Check that config.json, which asks for ${config.layers} layers of ${config.family}, belongs to these weights.`
  const headless = finder.missing.length === 0
  const classes = finder.rows(head.output) ?? 0
  const wanted = config.labels?.length ?? config.classes ?? classes
  const weights: BertWeights = {
    ...encoder,
    pooler: finder.linear(head.dense, config.hidden, config.hidden),
    classifier: finder.linear(head.output, wanted, config.hidden),
  }
  const trained = config.architecture === undefined ? '' : `, it was saved from ${config.architecture}`
  finder.assertComplete(headless ? `The checkpoint has no classification head${trained}: fine-tune it first.` : belongs)
  finder.assertNothingElse(belongs)
  if (wanted > 0) return weights
  throw new KdError({
    kind: 'mismatch',
    what: 'its classification head has no label at all',
    where: { file, tensor: head.output },
    fix: 'Fine-tune it with at least one label.',
  })
}

/** All weights but the head's; what is missing is noted in the finder. */
export function readEncoder(finder: TensorFinder, config: BertConfig): EncoderWeights {
  const { tensors }: Family = families[config.family]
  const { embedding, hidden, intermediate } = config
  const layer = (key: string): LayerWeights => {
    const at = (name: string) => name.replace('{layer}', key)
    return {
      query: finder.linear(at(tensors.query), hidden, hidden),
      key: finder.linear(at(tensors.key), hidden, hidden),
      value: finder.linear(at(tensors.value), hidden, hidden),
      attentionOutput: finder.linear(at(tensors.attentionOutput), hidden, hidden),
      attentionNorm: finder.norm(at(tensors.attentionNorm), hidden),
      intermediate: finder.linear(at(tensors.intermediate), intermediate, hidden),
      output: finder.linear(at(tensors.output), hidden, intermediate),
      outputNorm: finder.norm(at(tensors.outputNorm), hidden),
    }
  }
  const projected = config.family === 'albert' || embedding !== hidden
  const layers = new Map<string, LayerWeights>()
  const layerOf = (key: string): LayerWeights => {
    if (!layers.has(key)) layers.set(key, layer(key))
    return layers.get(key)!
  }
  return {
    wordEmbeddings: finder.matrix(tensors.wordEmbeddings, config.vocabularySize, embedding),
    positionEmbeddings: finder.matrix(tensors.positionEmbeddings, config.firstPosition + config.positions, embedding),
    ...(tensors.typeEmbeddings && { typeEmbeddings: finder.matrix(tensors.typeEmbeddings, config.types, embedding) }),
    embeddingNorm: finder.norm(tensors.embeddingNorm, embedding),
    ...(tensors.embeddingProjection && projected && { embeddingProjection: finder.linear(tensors.embeddingProjection, hidden, embedding) }),
    ...(tensors.relativeBias && { relativeBias: finder.matrix(tensors.relativeBias, config.buckets, config.heads) }),
    layers: config.layerKeys.map(layerOf),
  }
}
