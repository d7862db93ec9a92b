/** Names of a checkpoint family's tensors, without `.weight` and `.bias`; `{layer}` counts from 0. */
export interface TensorNames {
  /** What may stand before a name: the encoder alone is saved without its model's prefix. */
  readonly prefixes: readonly string[]
  readonly wordEmbeddings: string
  readonly positionEmbeddings: string
  readonly typeEmbeddings: string
  readonly embeddingNorm: string
  readonly query: string
  readonly key: string
  readonly value: string
  readonly attentionOutput: string
  readonly attentionNorm: string
  readonly intermediate: string
  readonly output: string
  readonly outputNorm: string
  readonly pooler: string
  /** Of the classification head; never prefixed. */
  readonly classifier: string
}

/** One row a family, by `model_type` of `config.json`. */
export const tensorNames: Readonly<Record<'bert', TensorNames>> = {
  bert: {
    prefixes: ['bert.', ''],
    wordEmbeddings: 'embeddings.word_embeddings',
    positionEmbeddings: 'embeddings.position_embeddings',
    typeEmbeddings: 'embeddings.token_type_embeddings',
    embeddingNorm: 'embeddings.LayerNorm',
    query: 'encoder.layer.{layer}.attention.self.query',
    key: 'encoder.layer.{layer}.attention.self.key',
    value: 'encoder.layer.{layer}.attention.self.value',
    attentionOutput: 'encoder.layer.{layer}.attention.output.dense',
    attentionNorm: 'encoder.layer.{layer}.attention.output.LayerNorm',
    intermediate: 'encoder.layer.{layer}.intermediate.dense',
    output: 'encoder.layer.{layer}.output.dense',
    outputNorm: 'encoder.layer.{layer}.output.LayerNorm',
    pooler: 'pooler.dense',
    classifier: 'classifier',
  },
}
