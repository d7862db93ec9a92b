import { Random, type SafetensorsTensor } from '@kd/core'
import { readBaseFiles } from '../checkpoint/base-files.ts'
import { type BertConfig, parseConfig } from '../checkpoint/config.ts'
import { type Family, families } from '../checkpoint/families.ts'
import type { FindOptions } from '../checkpoint/find-model.ts'
import { configWithLabels, type ProblemType } from '../checkpoint/labels.ts'
import { readEncoder } from '../checkpoint/read-weights.ts'
import { TensorFinder } from '../checkpoint/tensor-finder.ts'
import type { BertWeights, Linear } from '../checkpoint/weights.ts'
import type { ReadTokenizer } from '../tokenizer/read-tokenizer.ts'

/** A checkpoint made ready for training: with a head for the labels that it is to learn. */
export interface Base extends ReadTokenizer {
  readonly name: string
  readonly config: BertConfig
  /** `config.json` of the classifier that comes of it. */
  readonly configJson: Readonly<Record<string, unknown>>
  /** Names `config.json` in errors. */
  readonly configFile: string
  readonly weights: BertWeights
}

export interface BaseOptions extends FindOptions {
  readonly labels: readonly string[]
  readonly problemType: ProblemType
  /** Of a new head's weights. */
  readonly seed: number
}

/** Standard deviation of a new head's weights, where `initializer_range` does not say: BERT's (Devlin et al. 2019). */
const usualRange = 0.02

/**
 * Reads a base: a Hugging Face folder, package or repository with or without a head. Its head is kept where it has as many
 * logits as there are labels, as transformers does; else it is made anew.
 * @throws KdError of kind `missing`, `format`, `mismatch`, `numeric` or `io`
 */
export async function readBase(source: string, { labels, problemType, seed, ...options }: BaseOptions): Promise<Base> {
  const { name, config: read, configJson: stored, configFile, tensors, weightsFile, ...tokenizer } = await readBaseFiles(source, options)
  // transformers loads weights in the precision that stands here: what was half is single after training.
  const { num_labels: _, torch_dtype: __, ...rest } = stored
  const configJson = {
    ...configWithLabels(rest, labels),
    architectures: [`${families[read.family].className}ForSequenceClassification`],
    problem_type: problemType,
    dtype: 'float32',
  }
  const config = parseConfig(configJson, configFile)
  const range = typeof stored.initializer_range === 'number' && stored.initializer_range > 0 ? stored.initializer_range : usualRange
  const weights = baseWeights(tensors, config, labels.length, { range, seed, file: weightsFile })
  return { ...tokenizer, name, config, configJson, configFile, weights }
}

interface NewHead {
  readonly range: number
  readonly seed: number
  readonly file: string
}

function baseWeights(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  config: BertConfig,
  classes: number,
  { range, seed, file }: NewHead,
): BertWeights {
  const { head, tensors: names }: Family = families[config.family]
  const other = new TensorFinder(tensors, names.prefixes, file)
  const kept = other.rows(head.output) === classes
  const finder = kept ? other : new TensorFinder(without(tensors, head.output), names.prefixes, file)
  const encoder = readEncoder(finder, config)
  const random = new Random(seed, 'head')
  const made = (outputs: number, inputs: number, place: number): Linear => {
    const numbers = random.at(0, place)
    const values = Float32Array.from({ length: outputs * inputs }, () => range * numbers.normal())
    return { weight: { rows: outputs, columns: inputs, values }, bias: new Float32Array(outputs) }
  }
  const pooled = finder.rows(head.dense) !== undefined
  const pooler = pooled ? finder.linear(head.dense, config.hidden, config.hidden) : made(config.hidden, config.hidden, 0)
  const classifier = kept ? finder.linear(head.output, classes, config.hidden) : made(classes, config.hidden, 1)
  const belongs = `Check that config.json, which asks for ${config.layers} layers of ${config.family}, belongs to these weights.`
  finder.assertComplete(belongs)
  finder.assertNothingElse(belongs)
  return { ...encoder, pooler, classifier }
}

const without = (tensors: ReadonlyMap<string, SafetensorsTensor>, layer: string): ReadonlyMap<string, SafetensorsTensor> =>
  new Map([...tensors].filter(([name]) => !name.startsWith(`${layer}.`)))
