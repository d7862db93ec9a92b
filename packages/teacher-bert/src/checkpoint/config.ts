import { KdError } from '@kd/core'

/** Activations of the feed-forward layer, by their names in `config.json`; `gelu_new` is the tanh form. */
export const activations = ['gelu', 'gelu_new', 'relu'] as const
export type Activation = (typeof activations)[number]

/** A checkpoint's architecture: sizes in elements. */
export interface BertConfig {
  readonly vocabularySize: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly intermediate: number
  /** Longest sequence in tokens, special ones included. */
  readonly positions: number
  readonly types: number
  readonly normEpsilon: number
  readonly activation: Activation
  /** Names of the classes in the order of the logits; absent where the file has none. */
  readonly labels?: readonly string[]
}

/** Limits of what is accepted: far above any BERT, low enough that no size overflows a product of two. */
const largest = { vocab_size: 10_000_000, layers: 1000, size: 1_000_000 } as const

/**
 * A Hugging Face `config.json` as a BertConfig.
 * @param file names the file in errors
 * @throws KdError of kind `format` where a field is missing or out of range, `mismatch` for another architecture
 */
export function parseConfig(json: unknown, file = 'config.json'): BertConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new KdError({ kind: 'format', what: 'it is not a JSON object', where: { file }, fix: 'Point to a Hugging Face model folder.' })
  }
  const fields = json as Record<string, unknown>
  const whole = (name: string, maximum: number = largest.size, otherwise?: number): number => {
    const value = fields[name] ?? otherwise
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum) return value
    throw new KdError({
      kind: 'format',
      what: `${name} is ${JSON.stringify(value)}, not a whole number from 1 to ${maximum}`,
      where: { file },
    })
  }
  if (fields.model_type !== 'bert') {
    throw new KdError({
      kind: 'mismatch',
      what: `its model_type is ${JSON.stringify(fields.model_type)}, only "bert" is supported`,
      where: { file },
      fix: 'Use a BERT checkpoint, or give the teacher as an object with `name`, `labels` and `logits`.',
    })
  }
  const activation = fields.hidden_act ?? 'gelu'
  if (!activations.includes(activation as Activation)) {
    throw new KdError({
      kind: 'mismatch',
      what: `hidden_act is ${JSON.stringify(activation)}, none of ${activations.join(', ')}`,
      where: { file },
    })
  }
  const positionType = fields.position_embedding_type ?? 'absolute'
  if (positionType !== 'absolute') {
    throw new KdError({
      kind: 'mismatch',
      what: `position_embedding_type is ${JSON.stringify(positionType)}, only "absolute" is supported`,
      where: { file },
    })
  }
  const normEpsilon = fields.layer_norm_eps ?? 1e-12
  if (typeof normEpsilon !== 'number' || !(normEpsilon > 0 && normEpsilon < 1)) {
    throw new KdError({ kind: 'format', what: `layer_norm_eps is ${JSON.stringify(normEpsilon)}, not between 0 and 1`, where: { file } })
  }
  const hidden = whole('hidden_size')
  const heads = whole('num_attention_heads')
  if (hidden % heads !== 0) {
    throw new KdError({ kind: 'format', what: `hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`, where: { file } })
  }
  return {
    vocabularySize: whole('vocab_size', largest.vocab_size),
    hidden,
    layers: whole('num_hidden_layers', largest.layers),
    heads,
    intermediate: whole('intermediate_size'),
    positions: whole('max_position_embeddings', largest.size, 512),
    types: whole('type_vocab_size', largest.size, 2),
    normEpsilon,
    activation: activation as Activation,
    labels: fields.id2label === undefined ? undefined : labelNames(fields.id2label, file),
  }
}

function labelNames(id2label: unknown, file: string): string[] {
  const names = Object.entries(typeof id2label === 'object' && id2label !== null ? id2label : {})
  const labels: string[] = []
  for (const [id, name] of names) if (typeof name === 'string') labels[Number(id)] = name
  if (names.length === 0 || labels.length !== names.length || Object.keys(labels).length !== names.length) {
    throw new KdError({
      kind: 'format',
      what: `id2label is ${JSON.stringify(id2label).slice(0, 80)}, not names under "0", "1", ...`,
      where: { file },
    })
  }
  if (new Set(labels).size !== labels.length) {
    throw new KdError({ kind: 'format', what: 'id2label holds a name twice', where: { file } })
  }
  return labels
}
