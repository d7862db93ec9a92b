/** Names of a family's sizes in `config.json`. */
export interface ConfigNames {
  readonly hidden: string
  readonly layers: string
  readonly heads: string
  readonly intermediate: string
  readonly activation: string
  /** Width of the embeddings where it may differ from the layers'. */
  readonly embedding?: string
}

/** Names of a family's tensors, without `.weight` and `.bias`; `{layer}` counts from 0. */
export interface TensorNames {
  /** What may stand before a name: the encoder alone is saved without its model's prefix. */
  readonly prefixes: readonly string[]
  readonly wordEmbeddings: string
  readonly positionEmbeddings: string
  /** Absent where the family knows no segments. */
  readonly typeEmbeddings?: string
  readonly embeddingNorm: string
  /** From the width of the embeddings to that of the layers. */
  readonly embeddingProjection?: string
  /** A number for each head and bucket of distances, added to the attention's scores. */
  readonly relativeBias?: string
  readonly query: string
  readonly key: string
  readonly value: string
  readonly attentionOutput: string
  readonly attentionNorm: string
  readonly intermediate: string
  readonly output: string
  readonly outputNorm: string
}

/** A classification head: of the first token, `output(activation(dense(x)))`. */
export interface HeadNames {
  readonly dense: string
  readonly output: string
  readonly activation: 'tanh' | 'relu' | 'gelu'
}

/** What tells a family of checkpoints from BERT. */
export interface Family {
  /** Begins the names of its classes, such as `BertForSequenceClassification`. */
  readonly className: string
  readonly config: ConfigNames
  readonly tensors: TensorNames
  readonly head: HeadNames
  /** Positions count from the padding token's id plus 1, tokens of that id left out. */
  readonly positionsAfterPadding?: boolean
  /** Layers share weights in groups. */
  readonly grouped?: boolean
}

const bertConfig: ConfigNames = {
  hidden: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  intermediate: 'intermediate_size',
  activation: 'hidden_act',
}

const bertTensors: TensorNames = {
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
}

const robertaTensors: TensorNames = { ...bertTensors, prefixes: ['roberta.', ''] }
const { typeEmbeddings: _, ...withoutTypes } = bertTensors

const denseHead = { dense: 'classifier.dense', output: 'classifier.out_proj' } as const

const roberta = (className: string): Family => ({
  className,
  config: bertConfig,
  tensors: robertaTensors,
  head: { ...denseHead, activation: 'tanh' },
  positionsAfterPadding: true,
})

/** `model_type` of `config.json`. */
export type FamilyName = 'bert' | 'distilbert' | 'roberta' | 'xlm-roberta' | 'camembert' | 'electra' | 'mpnet' | 'albert'

/** One row a family. Names are those of transformers' modules. */
export const families: Readonly<Record<FamilyName, Family>> = {
  bert: {
    className: 'Bert',
    config: bertConfig,
    tensors: bertTensors,
    head: { dense: 'pooler.dense', output: 'classifier', activation: 'tanh' },
  },
  distilbert: {
    className: 'DistilBert',
    config: { hidden: 'dim', layers: 'n_layers', heads: 'n_heads', intermediate: 'hidden_dim', activation: 'activation' },
    tensors: {
      ...withoutTypes,
      prefixes: ['distilbert.', ''],
      query: 'transformer.layer.{layer}.attention.q_lin',
      key: 'transformer.layer.{layer}.attention.k_lin',
      value: 'transformer.layer.{layer}.attention.v_lin',
      attentionOutput: 'transformer.layer.{layer}.attention.out_lin',
      attentionNorm: 'transformer.layer.{layer}.sa_layer_norm',
      intermediate: 'transformer.layer.{layer}.ffn.lin1',
      output: 'transformer.layer.{layer}.ffn.lin2',
      outputNorm: 'transformer.layer.{layer}.output_layer_norm',
    },
    head: { dense: 'pre_classifier', output: 'classifier', activation: 'relu' },
  },
  roberta: roberta('Roberta'),
  'xlm-roberta': roberta('XLMRoberta'),
  camembert: roberta('Camembert'),
  electra: {
    className: 'Electra',
    config: { ...bertConfig, embedding: 'embedding_size' },
    tensors: { ...bertTensors, prefixes: ['electra.', ''], embeddingProjection: 'embeddings_project' },
    head: { ...denseHead, activation: 'gelu' },
  },
  mpnet: {
    className: 'MPNet',
    config: bertConfig,
    tensors: {
      ...withoutTypes,
      prefixes: ['mpnet.', ''],
      relativeBias: 'encoder.relative_attention_bias',
      query: 'encoder.layer.{layer}.attention.attn.q',
      key: 'encoder.layer.{layer}.attention.attn.k',
      value: 'encoder.layer.{layer}.attention.attn.v',
      attentionOutput: 'encoder.layer.{layer}.attention.attn.o',
      attentionNorm: 'encoder.layer.{layer}.attention.LayerNorm',
    },
    head: { ...denseHead, activation: 'tanh' },
    positionsAfterPadding: true,
  },
  albert: {
    className: 'Albert',
    config: { ...bertConfig, embedding: 'embedding_size' },
    tensors: {
      ...bertTensors,
      prefixes: ['albert.', ''],
      embeddingProjection: 'encoder.embedding_hidden_mapping_in',
      query: 'encoder.albert_layer_groups.{layer}.attention.query',
      key: 'encoder.albert_layer_groups.{layer}.attention.key',
      value: 'encoder.albert_layer_groups.{layer}.attention.value',
      attentionOutput: 'encoder.albert_layer_groups.{layer}.attention.dense',
      attentionNorm: 'encoder.albert_layer_groups.{layer}.attention.LayerNorm',
      intermediate: 'encoder.albert_layer_groups.{layer}.ffn',
      output: 'encoder.albert_layer_groups.{layer}.ffn_output',
      outputNorm: 'encoder.albert_layer_groups.{layer}.full_layer_layer_norm',
    },
    head: { dense: 'pooler', output: 'classifier', activation: 'tanh' },
    grouped: true,
  },
}

/** A tensor's ends: the first of each is what is written today, the second what checkpoints of 2019 have in their norms. */
export const tensorEnds = { weight: ['weight', 'gamma'], bias: ['bias', 'beta'] } as const

/** Tensors that no forward pass needs: constants, poolers and heads of other tasks. */
export const leftOver: RegExp =
  /(^|\.)embeddings\.(position_ids|token_type_ids)$|^(\w+\.)?pooler\.|^(cls|lm_head|mlm|qa_outputs|predictions|sop_classifier|discriminator_predictions|generator_predictions|generator_lm_head|vocab_transform|vocab_layer_norm|vocab_projector)\./
