import { createHash } from 'node:crypto'
import { access, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError, readSafetensors } from '@kd/core'
import { readFileBytes, readJsonFile } from '@kd/core/node'
import { type BertWeights, readWeights } from './checkpoint.ts'
import { type BertConfig, parseConfig } from './config.ts'
import { parseSelfCheck, type SelfCheck } from './self-check.ts'
import { BertTokenizer, tokenizerFromVocabulary } from './tokenizer.ts'

/** Names of a model folder's files: Hugging Face's, and the golden logits that our tool adds. */
export const modelFiles = Object.freeze({
  config: 'config.json',
  weights: 'model.safetensors',
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  vocabulary: 'vocab.txt',
  selfCheck: 'self-check.json',
})

/** A model folder, read and checked. */
export interface BertModel {
  readonly folder: string
  readonly config: BertConfig
  /** `config.json` as it stands. */
  readonly configJson: Readonly<Record<string, unknown>>
  readonly weights: BertWeights
  readonly tokenizer: BertTokenizer
  /** `tokenizer.json` as it stands, or as made from `vocab.txt`. */
  readonly tokenizerJson: object
  readonly selfCheck?: SelfCheck
  /** Size of the weights file. */
  readonly bytes: number
  /** SHA-256 of weights, configuration and tokeniser. */
  readonly digest: string
}

/**
 * Finds a model folder: the folder of that name, else the npm package as the project in `from` sees it.
 * @throws KdError of kind `missing`; for a package it holds the command that installs it
 */
export async function findModel(nameOrFolder: string, from: string = process.cwd()): Promise<string> {
  const base = from.startsWith('file:') ? dirname(fileURLToPath(from)) : resolve(from)
  const folder = resolve(base, nameOrFolder)
  if (await isFolder(folder)) return folder
  if (isAbsolute(nameOrFolder) || !/^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i.test(nameOrFolder)) {
    throw new KdError({
      kind: 'missing',
      what: 'there is no such folder',
      where: { file: folder },
      fix: 'Give a Hugging Face model folder or the name of an installed package.',
    })
  }
  const project = createRequire(join(base, 'from.js'))
  try {
    return dirname(project.resolve(`${nameOrFolder}/package.json`))
  } catch (cause) {
    // A package may keep its package.json to itself.
    for (const place of project.resolve.paths(nameOrFolder) ?? []) {
      if (await isFolder(join(place, nameOrFolder))) return join(place, nameOrFolder)
    }
    throw new KdError({
      kind: 'missing',
      what: `the package ${nameOrFolder} is not installed in the project of ${base}, and no folder there has that name`,
      fix: `npm install ${nameOrFolder}`,
      cause,
    })
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )

/**
 * Reads a Hugging Face folder: `config.json`, `model.safetensors`, and `tokenizer.json` or `vocab.txt`.
 * @throws KdError of kind `missing`, `format`, `mismatch`, `numeric` or `io`
 */
export async function readModel(folder: string): Promise<BertModel> {
  const path = (name: keyof typeof modelFiles) => join(folder, modelFiles[name])
  const configJson = await readJsonFile(path('config'))
  const config = parseConfig(configJson, path('config'))
  const { tokenizer, tokenizerJson } = await readTokenizer(folder)
  if (tokenizer.vocabularySize !== config.vocabularySize) {
    throw new KdError({
      kind: 'mismatch',
      what: `its vocabulary has ${tokenizer.vocabularySize} tokens, config.json asks for ${config.vocabularySize}`,
      where: { file: folder },
      fix: 'Use the tokeniser that was saved with these weights.',
    })
  }
  const file = await readWeightsFile(folder)
  const weights = readWeights(readSafetensors(file, path('weights')), config, path('weights'))
  const selfCheck = (await exists(path('selfCheck'))) ? parseSelfCheck(await readJsonFile(path('selfCheck')), path('selfCheck')) : undefined
  const digest = createHash('sha256').update(file).update(JSON.stringify(configJson)).update(JSON.stringify(tokenizerJson)).digest('hex')
  return {
    folder,
    config,
    configJson: configJson as Record<string, unknown>,
    weights,
    tokenizer,
    tokenizerJson,
    selfCheck,
    bytes: file.byteLength,
    digest,
  }
}

async function readTokenizer(folder: string): Promise<{ tokenizer: BertTokenizer; tokenizerJson: object }> {
  const path = (name: keyof typeof modelFiles) => join(folder, modelFiles[name])
  const settings = (await exists(path('tokenizerConfig'))) ? ((await readJsonFile(path('tokenizerConfig'))) as Record<string, unknown>) : {}
  if (await exists(path('tokenizer'))) {
    const json = (await readJsonFile(path('tokenizer'))) as object
    return { tokenizer: new BertTokenizer(json, settings, path('tokenizer')), tokenizerJson: json }
  }
  if (await exists(path('vocabulary'))) {
    const text = new TextDecoder().decode(await readFileBytes(path('vocabulary')))
    const json = tokenizerFromVocabulary(text, settings, path('vocabulary'))
    return { tokenizer: new BertTokenizer(json, settings, path('vocabulary')), tokenizerJson: json }
  }
  throw new KdError({
    kind: 'missing',
    what: `there is neither ${modelFiles.tokenizer} nor ${modelFiles.vocabulary}`,
    where: { file: folder },
    fix: 'Save the tokeniser beside the weights: `tokenizer.save_pretrained(folder)`.',
  })
}

async function readWeightsFile(folder: string): Promise<Uint8Array> {
  const file = join(folder, modelFiles.weights)
  if ((await exists(file)) || !(await exists(join(folder, 'pytorch_model.bin')))) return readFileBytes(file)
  throw new KdError({
    kind: 'mismatch',
    what: 'it holds weights as pytorch_model.bin alone, whose loading runs the code inside it, and is refused',
    where: { file: folder },
    fix: 'Convert it where you trust it: `AutoModel.from_pretrained(folder).save_pretrained(folder, safe_serialization=True)`.',
  })
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
