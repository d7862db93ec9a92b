import { join } from 'node:path'
import { KdError } from '@kd/core'
import { readJsonFile } from '@kd/core/node'
import { type ReadTokenizer, readTokenizer } from '../tokenizer/read-tokenizer.ts'
import { type BertConfig, parseConfig } from './config.ts'
import { type FindOptions, findModel } from './find-model.ts'
import { assertBelongTogether } from './model.ts'
import { modelFiles } from './model-files.ts'
import { readWeightsFiles, type WeightsFiles } from './weights-files.ts'

/** A checkpoint as it is stored, with or without a head. */
export interface BaseFiles extends ReadTokenizer, Pick<WeightsFiles, 'tensors'> {
  /** The name it goes by in reports. */
  readonly name: string
  readonly config: BertConfig
  readonly configJson: Readonly<Record<string, unknown>>
  /** Names `config.json` in errors. */
  readonly configFile: string
  /** Names the weights in errors. */
  readonly weightsFile: string
}

/**
 * Reads a Hugging Face folder, package or repository as what training begins from.
 * @throws KdError of kind `missing`, `format`, `mismatch` or `io`
 */
export async function readBaseFiles(source: string, options: FindOptions = {}): Promise<BaseFiles> {
  const { folder, name, weights: chosen } = await findModel(source, options)
  if (chosen.format === 'onnx') {
    throw new KdError({
      kind: 'mismatch',
      what: `it holds the graph ${chosen.graph} in place of weights, and a graph can't be trained`,
      where: { file: folder },
      fix: 'Give the checkpoint that it was exported from.',
    })
  }
  const configFile = join(folder, modelFiles.config)
  const configJson = (await readJsonFile(configFile)) as Record<string, unknown>
  const config = parseConfig(configJson, configFile)
  const tokenizer = await readTokenizer(folder)
  assertBelongTogether(tokenizer.tokenizer, config, folder)
  const { tensors, source: weightsFile } = await readWeightsFiles(folder)
  return { ...tokenizer, tensors, name, config, configJson, configFile, weightsFile }
}
