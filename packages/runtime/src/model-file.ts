import { checkConfig, type ModelConfig, modelFiles, tensorShapes } from './model-config.ts'
import { floatsOf, readTensors } from './tensors.ts'
import { decodeText, mismatch, parseJson } from './text-files.ts'
import { Vocabulary } from './vocabulary.ts'

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

function readWeights(file: Uint8Array, config: ModelConfig, source: string): Record<string, Float32Array> {
  const { names, bytes } = readTensors(file, source)
  const shapes = tensorShapes(config)
  const unknown = names.find((name) => !Object.hasOwn(shapes, name))
  if (unknown !== undefined) throw mismatch(`${modelFiles.config} knows no such tensor`, source, unknown)
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, floatsOf(bytes(name, 'F32', shape), source, name)]))
}
