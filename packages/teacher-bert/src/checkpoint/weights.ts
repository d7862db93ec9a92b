import type { Matrix } from './matrix.ts'

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

/** All but the head. */
export interface EncoderWeights {
  /** `[vocabulary, embedding]` */
  readonly wordEmbeddings: Matrix
  /** `[firstPosition + positions, embedding]` */
  readonly positionEmbeddings: Matrix
  /** `[types, embedding]`; absent where the family knows no segments. */
  readonly typeEmbeddings?: Matrix
  readonly embeddingNorm: Norm
  /** From the width of the embeddings to that of the layers, where they differ. */
  readonly embeddingProjection?: Linear
  /** `[buckets, heads]`: what a distance between tokens adds to the attention's scores, where the family has it. */
  readonly relativeBias?: Matrix
  /** In the order of computation; layers that share their weights are one object. */
  readonly layers: readonly LayerWeights[]
}

export interface HeadWeights {
  /** The head's first layer, of the first token, `[hidden, hidden]`: BERT's pooler. */
  readonly pooler: Linear
  /** `[labels, hidden]` */
  readonly classifier: Linear
}

export interface BertWeights extends EncoderWeights, HeadWeights {}
