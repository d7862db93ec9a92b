import { KdError, readSafetensors, toFloat32, writeSafetensors } from '@kd/core'
import { checkConfig, type ModelConfig, tensorShapes } from './model-config.ts'
import { decodeText, mismatch, parseJson } from './text-files.ts'
import { Vocabulary } from './vocabulary.ts'

/** The files of a saved student. */
export const modelFiles = Object.freeze({
  config: 'config.json',
  weights: 'model.safetensors',
  vocabulary: 'vocabulary.txt',
  card: 'README.md',
} as const)

/** All that a student is made of. */
export interface Model {
  readonly config: ModelConfig
  readonly vocabulary: Vocabulary
  /** Values by the names of `tensorShapes`, row-major. */
  readonly weights: Readonly<Record<string, Float32Array>>
}

export interface ModelBytes {
  readonly config: Uint8Array
  readonly weights: Uint8Array
  readonly vocabulary: Uint8Array
}

/**
 * A student from the bytes of its files. Everything is checked against everything before anything is used: form,
 * version, sizes, shapes, words, finite values.
 * @param folder names the place in errors
 * @throws KdError of kind `format` or `mismatch`
 */
export function readModel(bytes: ModelBytes, folder = '.'): Model {
  const at = (name: string) => `${folder}/${name}`
  const config = readConfig(bytes.config, at(modelFiles.config))
  if (config.weights !== undefined) throw mismatch(`it is of a student packed as ${config.weights}`, at(modelFiles.config))
  const vocabulary = Vocabulary.fromText(decodeText(bytes.vocabulary, at(modelFiles.vocabulary)), at(modelFiles.vocabulary))
  if (vocabulary.size !== config.vocabularySize) {
    throw mismatch(`it has ${vocabulary.size} words, ${modelFiles.config} says ${config.vocabularySize}`, at(modelFiles.vocabulary))
  }
  return { config, vocabulary, weights: readWeights(bytes.weights, config, at(modelFiles.weights)) }
}

/**
 * What stands in a `config.json`, checked.
 * @throws KdError of kind `format`
 */
export const readConfig = (bytes: Uint8Array, file: string = modelFiles.config): ModelConfig =>
  checkConfig(parseJson(decodeText(bytes, file), file), file)

/**
 * The files of a student, but its card: contents by file name. Equal students give equal bytes.
 * @throws KdError of kind `numeric` for weights that `readModel` would refuse
 */
export function writeModel({ config, vocabulary, weights }: Model): Record<string, Uint8Array | string> {
  const shapes = tensorShapes(config)
  for (const name of Object.keys(shapes)) {
    if (weights[name]!.every(Number.isFinite)) continue
    const fix = 'Train again with a lower learning rate.'
    throw new KdError({ kind: 'numeric', what: 'it holds values that are not finite', where: { tensor: name }, fix })
  }
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { data: weights[name]!, shape }]))
  return {
    [modelFiles.config]: `${JSON.stringify(config, null, 2)}\n`,
    [modelFiles.weights]: writeSafetensors(tensors, { format: 'pt' }),
    [modelFiles.vocabulary]: vocabulary.toText(),
  }
}

function readWeights(bytes: Uint8Array, config: ModelConfig, file: string): Record<string, Float32Array> {
  const { tensors } = readSafetensors(bytes, file)
  const shapes = tensorShapes(config)
  for (const name of tensors.keys()) {
    if (!Object.hasOwn(shapes, name)) throw mismatch(`${modelFiles.config} knows no such tensor`, file, name)
  }
  const weights: Record<string, Float32Array> = {}
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = tensors.get(name)
    if (!tensor) throw mismatch('it is not in the file', file, name)
    if (tensor.shape.join() !== shape.join()) {
      throw mismatch(`its shape is [${tensor.shape}], by ${modelFiles.config} it is [${shape}]`, file, name)
    }
    const values = toFloat32(tensor, name)
    if (!values.every(Number.isFinite)) {
      throw new KdError({
        kind: 'format',
        what: 'it holds values that are not finite',
        where: { file, tensor: name },
        fix: 'The training went wrong or the file is damaged: train or save the student again.',
      })
    }
    weights[name] = values
  }
  return weights
}
