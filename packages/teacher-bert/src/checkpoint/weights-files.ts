import { join } from 'node:path'
import { joinShards, KdError, parseSafetensorsIndex, readSafetensors, type SafetensorsTensor } from '@kd/core'
import { readFileBytes, readJsonFile } from '@kd/core/node'
import { exists, modelFiles } from './model-files.ts'

/** The weights of a folder as they are stored. */
export interface WeightsFiles {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>
  /** Names the file in errors: the one file, or the index of several. */
  readonly source: string
  /** Contents of the files, in the order of their names. */
  readonly files: readonly Uint8Array[]
}

/**
 * Reads `model.safetensors`, else the shards that `model.safetensors.index.json` names.
 * @throws KdError of kind `missing`, `format` or `io`
 */
export async function readWeightsFiles(folder: string): Promise<WeightsFiles> {
  const single = join(folder, modelFiles.weights)
  const source = join(folder, modelFiles.shards)
  if ((await exists(single)) || !(await exists(source))) {
    const file = await readFileBytes(single)
    return { tensors: readSafetensors(file, single).tensors, source: single, files: [file] }
  }
  const index = parseSafetensorsIndex(await readJsonFile(source), source)
  const files: Uint8Array[] = []
  for (const name of index.files) files.push(await readFileBytes(join(folder, name)))
  const shards = new Map(index.files.map((name, i) => [name, readSafetensors(files[i]!, join(folder, name))]))
  return { tensors: joinShards(index, shards, source), source, files }
}

/** What to throw where a model has its weights in a file that runs code alone. */
export const pickledWeights = (file: string, model: string): KdError =>
  new KdError({
    kind: 'mismatch',
    what: `it holds weights as ${file} alone, whose loading runs the code inside it, and is refused`,
    where: { file: model },
    fix: 'Convert it where you trust it: `AutoModelForSequenceClassification.from_pretrained(name).save_pretrained(folder, safe_serialization=True)` and the tokeniser likewise.',
  })
