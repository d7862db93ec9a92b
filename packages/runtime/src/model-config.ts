import { isRecord } from './tensors.ts'
import { damaged } from './text-files.ts'

/** The files of a saved student. */
export const modelFiles: Readonly<Record<'config' | 'weights' | 'vocabulary' | 'card', string>> = Object.freeze({
  config: 'config.json',
  weights: 'model.safetensors',
  vocabulary: 'vocabulary.txt',
  card: 'README.md',
})

/** Of a folder in single precision: `config.json`, `model.safetensors`, `vocabulary.txt`. */
export const formatVersion = 1
/** Of a packed student: one `model.safetensors` that holds all of it, its configuration and vocabulary too. */
export const packedFormatVersion = 2

/** How a saved student's numbers are kept: single precision, 8 bits, or 8 bits and word vectors in 4. */
export type WeightType = 'float32' | 'int8' | 'int4'

/**
 * Word vectors as the first layer's input: `static` ones stay as they were given, `trainable` ones learn, `both` are
 * two channels side by side (section 3.2 of the paper, after Kim 2014).
 */
export type Channels = 'static' | 'trainable' | 'both'

export interface DropoutRates {
  /** Of the components of word vectors. */
  readonly words: number
  /** Of the final states, before the dense layer. */
  readonly states: number
  /** After the dense layer. */
  readonly dense: number
}

/** `config.json` of a saved student. */
export interface ModelConfig {
  readonly formatVersion: typeof formatVersion | typeof packedFormatVersion
  /** `siamese`: two texts through one BiLSTM (Tang et al. 2019, section 3.2). */
  readonly student: 'bilstm' | 'siamese'
  /** Absent in format version 1: single precision. */
  readonly weights?: Exclude<WeightType, 'float32'>
  /** What it was trained for. */
  readonly task?: string
  /** Names of the classes in the order of the logits; one name is that of a score. */
  readonly labels: readonly string[]
  readonly vocabularySize: number
  /** Of a word vector in one channel. */
  readonly dimensions: number
  readonly channels: Channels
  /** Units of the LSTM in each direction. */
  readonly hidden: number
  /** Units of the dense layer. */
  readonly dense: number
  /** Texts are cut after so many words. */
  readonly maxLength: number
  /** Rates it was trained with. */
  readonly dropout: DropoutRates
}

const upTo = (most: number) => (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most
const oneOf =
  (...names: readonly unknown[]) =>
  (value: unknown) =>
    names.includes(value)
const rate = (value: unknown) => typeof value === 'number' && value >= 0 && value < 1
const names = (value: unknown) =>
  Array.isArray(value) && value.length >= 1 && value.every((name) => typeof name === 'string') && new Set(value).size === value.length

const fields: Readonly<Record<Exclude<keyof ModelConfig, 'formatVersion' | 'weights'>, (value: unknown) => boolean>> = {
  student: oneOf('bilstm', 'siamese'),
  task: (value) => value === undefined || typeof value === 'string',
  labels: names,
  vocabularySize: upTo(1e7),
  dimensions: upTo(1e4),
  channels: oneOf('static', 'trainable', 'both'),
  hidden: upTo(1e4),
  dense: upTo(1e5),
  maxLength: upTo(1e4),
  dropout: (value) => isRecord(value) && rate(value.words) && rate(value.states) && rate(value.dense),
}

/**
 * Checks what stands in a `config.json`.
 * @param source names the file in errors
 * @throws KdError of kind `format`
 */
export function checkConfig(value: unknown, source = 'config.json'): ModelConfig {
  const fail = (what: string) => damaged(what, { file: source })
  if (!isRecord(value) || !('formatVersion' in value)) {
    throw fail('it is not the configuration of a student: it has no formatVersion')
  }
  const { formatVersion: version, weights } = value
  if (version !== formatVersion && version !== packedFormatVersion) {
    throw fail(
      `its formatVersion is ${JSON.stringify(version)}, this version of @kd/runtime reads ${formatVersion} and ${packedFormatVersion}`,
    )
  }
  const known: unknown[] = version === formatVersion ? [undefined] : ['int8', 'int4']
  const wrong = Object.entries(fields).find(([name, holds]) => !holds(value[name]))?.[0] ?? (known.includes(weights) ? '' : 'weights')
  if (wrong) throw fail(`its ${wrong} is ${JSON.stringify(value[wrong])}, which no student has`)
  return value as unknown as ModelConfig
}

const embeddings = { static: ['static'], trainable: ['trainable'], both: ['static', 'trainable'] } as const

/** Names of the word vectors' tensors, in the order in which a word's channels are joined. */
export const channelNames = (channels: Channels): readonly ('static' | 'trainable')[] => embeddings[channels]

/**
 * All tensors of a student in single precision and their shapes: names, layout and order of the gates (input, forget, cell, output) are
 * those of PyTorch's `nn.LSTM` and `nn.Linear`; its second bias, `bias_hh`, is zero and left out.
 */
export function tensorShapes({
  student,
  labels,
  vocabularySize,
  dimensions,
  channels,
  hidden,
  dense,
}: ModelConfig): Record<string, number[]> {
  const shapes: Record<string, number[]> = {}
  for (const channel of channelNames(channels)) shapes[`embeddings.${channel}`] = [vocabularySize, dimensions]
  for (const direction of ['', '_reverse']) {
    shapes[`lstm.weight_ih_l0${direction}`] = [4 * hidden, channelNames(channels).length * dimensions]
    shapes[`lstm.weight_hh_l0${direction}`] = [4 * hidden, hidden]
    shapes[`lstm.bias_ih_l0${direction}`] = [4 * hidden]
  }
  // Of a pair's states a and b: a, b, a * b, |a - b|.
  shapes['dense.weight'] = [dense, (student === 'siamese' ? 8 : 2) * hidden]
  shapes['dense.bias'] = [dense]
  shapes['logits.weight'] = [labels.length, dense]
  shapes['logits.bias'] = [labels.length]
  return shapes
}
