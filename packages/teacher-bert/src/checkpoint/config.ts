import { KdError } from '@kd/core'
import { type Family, type FamilyName, families } from './families.ts'
import { labelNames, type ProblemType, parseProblemType } from './labels.ts'

/** Activations of the feed-forward layer; `gelu_new` is the tanh form. */
export const activations = ['gelu', 'gelu_new', 'relu'] as const
export type Activation = (typeof activations)[number]

/** Other names of the same functions in `config.json`. */
const activationNames: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_new',
  gelu_fast: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  relu: 'relu',
}

/** A checkpoint's architecture: sizes in elements. */
export interface BertConfig {
  readonly family: FamilyName
  readonly vocabularySize: number
  /** Width of the embeddings; that of the layers in most families. */
  readonly embedding: number
  readonly hidden: number
  readonly layers: number
  /** For each layer what stands for `{layer}` in its tensors' names; layers of one key share their weights. */
  readonly layerKeys: readonly string[]
  readonly heads: number
  readonly intermediate: number
  /** Longest sequence in tokens, special ones included. */
  readonly positions: number
  /** Row of the table of positions that the first token has. */
  readonly firstPosition: number
  /** Id of the padding token, where the file tells it. */
  readonly padding?: number
  /** Segments; 0 where the family knows none. */
  readonly types: number
  /** Buckets of distances between tokens; 0 where attention knows none. */
  readonly buckets: number
  readonly normEpsilon: number
  readonly activation: Activation
  /** Names of the classes in the order of the logits; absent where the file has none. */
  readonly labels?: readonly string[]
  /** How many logits there are, where the file says so. */
  readonly classes?: number
  /** What the head was trained for, where the file says so. */
  readonly problemType?: ProblemType
  /** The class the checkpoint was saved from, such as `BertForMaskedLM`. */
  readonly architecture?: string
}

/** Limits of what is accepted: far above any BERT, low enough that no size overflows a product of two. */
const largest = { vocab_size: 10_000_000, layers: 1000, size: 1_000_000 } as const

/** MPNet's table of distances has this many rows, whatever its configuration says about them. */
export const relativeBuckets = 32

/**
 * A Hugging Face `config.json` as a BertConfig.
 * @param file names the file in errors
 * @throws KdError of kind `format` where a field is missing or out of range, `mismatch` for another architecture
 */
export function parseConfig(json: unknown, file = 'config.json'): BertConfig {
  const fields = configFields(json, file)
  const whole = (name: string, maximum: number = largest.size, otherwise?: number, minimum = 1): number => {
    const value = fields[name] ?? otherwise
    if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value
    throw new KdError({
      kind: 'format',
      what: `${name} is ${JSON.stringify(value)}, not a whole number from ${minimum} to ${maximum}`,
      where: { file },
    })
  }
  const name = familyOf(fields, file)
  const family: Family = families[name]
  const activation = fields[family.config.activation] ?? (name === 'albert' ? 'gelu_new' : 'gelu')
  if (typeof activation !== 'string' || !Object.hasOwn(activationNames, activation)) {
    throw new KdError({
      kind: 'mismatch',
      what: `${family.config.activation} is ${JSON.stringify(activation)}, none of ${Object.keys(activationNames).join(', ')}`,
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
  const hidden = whole(family.config.hidden)
  const heads = whole(family.config.heads)
  if (hidden % heads !== 0) {
    throw new KdError({
      kind: 'format',
      what: `${family.config.hidden} ${hidden} is no multiple of ${family.config.heads} ${heads}`,
      where: { file },
    })
  }
  const padding = typeof fields.pad_token_id === 'number' ? whole('pad_token_id', largest.vocab_size, undefined, 0) : undefined
  const firstPosition = family.positionsAfterPadding ? (padding ?? 1) + 1 : 0
  const positionRows = whole('max_position_embeddings', largest.size, 512)
  if (positionRows <= firstPosition) {
    throw new KdError({ kind: 'format', what: `max_position_embeddings ${positionRows} leaves no position for a token`, where: { file } })
  }
  const buckets = family.tensors.relativeBias ? whole('relative_attention_num_buckets', largest.size, relativeBuckets) : 0
  if (buckets !== 0 && buckets !== relativeBuckets) {
    throw new KdError({
      kind: 'mismatch',
      what: `relative_attention_num_buckets is ${buckets}, only ${relativeBuckets} is supported`,
      where: { file },
    })
  }
  const layers = whole(family.config.layers, largest.layers)
  const layerKeys = family.grouped
    ? groupedKeys(layers, whole('num_hidden_groups', layers, 1), whole('inner_group_num', largest.layers, 1))
    : Array.from({ length: layers }, (_, index) => String(index))
  return {
    family: name,
    vocabularySize: whole('vocab_size', largest.vocab_size),
    embedding: family.config.embedding ? whole(family.config.embedding, largest.size, 128) : hidden,
    hidden,
    layers: layerKeys.length,
    layerKeys,
    heads,
    intermediate: whole(family.config.intermediate),
    positions: positionRows - firstPosition,
    firstPosition,
    padding: padding ?? (family.positionsAfterPadding ? 1 : undefined),
    types: family.tensors.typeEmbeddings ? whole('type_vocab_size', largest.size, 2) : 0,
    buckets,
    normEpsilon,
    activation: activationNames[activation]!,
    labels: fields.id2label === undefined ? undefined : labelNames(fields.id2label, file),
    classes: fields.num_labels === undefined || fields.id2label !== undefined ? undefined : whole('num_labels'),
    problemType: parseProblemType(fields.problem_type, file),
    architecture: architectureOf(fields),
  }
}

/** @throws KdError of kind `format` */
export function configFields(json: unknown, file: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  throw new KdError({ kind: 'format', what: 'it is not a JSON object', where: { file }, fix: 'Point to a Hugging Face model folder.' })
}

function architectureOf({ architectures }: Readonly<Record<string, unknown>>): string | undefined {
  const first = Array.isArray(architectures) ? architectures[0] : undefined
  return typeof first === 'string' ? first : undefined
}

function familyOf(fields: Readonly<Record<string, unknown>>, file: string): FamilyName {
  const type = fields.model_type
  if (typeof type === 'string' && Object.hasOwn(families, type)) return type as FamilyName
  if (type === undefined) {
    const architecture = architectureOf(fields)
    const found = Object.entries(families).find(
      ([, { className }]) => architecture && new RegExp(`^${className}(For|Model)`).test(architecture),
    )
    if (found) return found[0] as FamilyName
  }
  throw new KdError({
    kind: 'mismatch',
    what: `its model_type is ${JSON.stringify(type)}, none of ${Object.keys(families).join(', ')}`,
    where: { file },
    fix: 'Export it to ONNX and load it with OnnxTeacher, or give the teacher as an object with `name`, `labels` and `logits`.',
  })
}

/** ALBERT's layers in order: each of `layers` applies all inner layers of its group. */
function groupedKeys(layers: number, groups: number, inner: number): string[] {
  const keys: string[] = []
  for (let layer = 0; layer < layers; layer++) {
    const group = Math.floor(layer / (layers / groups))
    for (let i = 0; i < inner; i++) keys.push(`${group}.albert_layers.${i}`)
  }
  return keys
}
