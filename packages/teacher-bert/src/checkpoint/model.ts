import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { KdError } from '@kd/core'
import { readJsonFile } from '@kd/core/node'
import { parseSelfCheck, type SelfCheck } from '../self-check.ts'
import { readTokenizer } from '../tokenizer/read-tokenizer.ts'
import type { BertTokenizer } from '../tokenizer/tokenizer.ts'
import { type BertConfig, parseConfig } from './config.ts'
import { exists, modelFiles } from './model-files.ts'
import { readWeights } from './read-weights.ts'
import type { BertWeights } from './weights.ts'
import { readWeightsFiles } from './weights-files.ts'

/** A model folder, read and checked. */
export interface BertModel {
  readonly folder: string
  readonly config: BertConfig
  /** `config.json` as it stands. */
  readonly configJson: Readonly<Record<string, unknown>>
  readonly weights: BertWeights
  readonly tokenizer: BertTokenizer
  /** `tokenizer.json` as it stands, or as made from a vocabulary. */
  readonly tokenizerJson: object
  /** `tokenizer_config.json`, where there is one. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly selfCheck?: SelfCheck
  /** Sections of its card: Markdown by heading. */
  readonly sections?: Readonly<Record<string, string>>
  /** Size of the weights files. */
  readonly bytes: number
  /** SHA-256 of weights, configuration and tokeniser. */
  readonly digest: string
}

/**
 * Reads a Hugging Face folder: `config.json`, `model.safetensors` or its shards, and a tokeniser.
 * @throws KdError of kind `missing`, `format`, `mismatch`, `numeric` or `io`
 */
export async function readModel(folder: string): Promise<BertModel> {
  const path = (name: keyof typeof modelFiles) => join(folder, modelFiles[name])
  const configJson = await readJsonFile(path('config'))
  const config = parseConfig(configJson, path('config'))
  const { tokenizer, tokenizerJson, settings } = await readTokenizer(folder)
  assertBelongTogether(tokenizer, config, folder)
  const { tensors, source, files } = await readWeightsFiles(folder)
  const weights = readWeights(tensors, config, source)
  const selfCheck = (await exists(path('selfCheck'))) ? parseSelfCheck(await readJsonFile(path('selfCheck')), path('selfCheck')) : undefined
  return {
    folder,
    config,
    configJson: configJson as Record<string, unknown>,
    weights,
    tokenizer,
    tokenizerJson,
    settings,
    selfCheck,
    bytes: files.reduce((sum, file) => sum + file.byteLength, 0),
    digest: digestOf(files, configJson, tokenizerJson, settings),
  }
}

/** SHA-256 of all that a model's answers depend on. */
export function digestOf(files: readonly Uint8Array[], config: unknown, tokenizer: object, settings: object | undefined): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file)
  hash.update(JSON.stringify(config)).update(JSON.stringify(tokenizer))
  return (settings === undefined ? hash : hash.update(JSON.stringify(settings))).digest('hex')
}

/** Embeddings are made larger to sizes that processors like: up to the next multiple of one of these. */
const roundedTo = [8, 16, 32, 64, 128]

/** What a configuration says about its tokens. */
interface TokenFacts {
  readonly vocabularySize?: number
  readonly padding?: number
  /** Segments; 0 where they are not looked at. */
  readonly types: number
}

/** @throws KdError of kind `mismatch` where a tokeniser is of another model than the configuration */
export function assertBelongTogether(tokenizer: BertTokenizer, { vocabularySize, padding, types }: TokenFacts, folder: string): void {
  const refuse = (what: string) =>
    new KdError({ kind: 'mismatch', what, where: { file: folder }, fix: 'Use the tokeniser that was saved with these weights.' })
  const { vocabularySize: tokens, paddingId, largestType } = tokenizer
  const fitting = [tokens, ...roundedTo.map((multiple) => Math.ceil(tokens / multiple) * multiple)]
  if (vocabularySize !== undefined && !fitting.includes(vocabularySize)) {
    throw refuse(`its vocabulary has ${tokens} tokens, config.json asks for ${vocabularySize}`)
  }
  if (padding !== undefined && paddingId !== undefined && padding !== paddingId) {
    throw refuse(`its tokeniser's padding token has id ${paddingId}, config.json says ${padding}`)
  }
  if (types > 0 && largestType >= types) {
    throw refuse(`its tokeniser tells ${largestType + 1} segments apart, config.json knows ${types}`)
  }
}
