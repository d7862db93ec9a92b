import { writeSafetensors } from '@kd/core'
import { readBaseFiles } from '../checkpoint/base-files.ts'
import { type Family, families } from '../checkpoint/families.ts'
import type { FindOptions } from '../checkpoint/find-model.ts'
import { int8Metadata } from '../checkpoint/model-contents.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import { readEncoder } from '../checkpoint/read-weights.ts'
import { TensorFinder } from '../checkpoint/tensor-finder.ts'
import { tensorsOf } from '../checkpoint/tensors-of.ts'
import { largestByte, quantizeWeights } from './quantize.ts'

/** What `config.json` says of a head. */
const ofTheTask = ['id2label', 'label2id', 'num_labels', 'problem_type']

/**
 * A checkpoint's encoder as a base for `fineTune`, a fourth of its size in single precision: matrices of the layers and
 * word embeddings in int8 with a scale a row, all 8 bits of it, since they are widened before anything is computed. A
 * classification head is left out, a pooler kept.
 * @returns the files of the new folder by name; nothing is written
 * @throws KdError of kind `missing`, `format`, `mismatch`, `numeric` or `io`
 */
export async function quantizeBase(
  source: string,
  options: Pick<FindOptions, 'from' | 'hub'> = {},
): Promise<Record<string, Uint8Array | string>> {
  const { tensors, config, configJson, weightsFile, tokenizerJson, settings } = await readBaseFiles(source, options)
  const { head, tensors: names, className }: Family = families[config.family]
  const finder = new TensorFinder(tensors, names.prefixes, weightsFile)
  const encoder = readEncoder(finder, config)
  const pooled = /^pooler/.test(head.dense) && finder.rows(head.dense) !== undefined
  const kept = { ...encoder, ...(pooled && { pooler: finder.linear(head.dense, config.hidden, config.hidden) }) }
  finder.assertComplete(`Check that config.json, which asks for ${config.layers} layers of ${config.family}, belongs to these weights.`)
  const rest = Object.fromEntries(Object.entries(configJson).filter(([name]) => !ofTheTask.includes(name)))
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  return {
    [modelFiles.config]: json({ ...rest, architectures: [`${className}Model`] }),
    [modelFiles.weights]: writeSafetensors(tensorsOf(quantizeWeights(kept, largestByte), config), int8Metadata),
    [modelFiles.tokenizer]: JSON.stringify(tokenizerJson),
    ...(settings && { [modelFiles.tokenizerConfig]: json(settings) }),
  }
}
