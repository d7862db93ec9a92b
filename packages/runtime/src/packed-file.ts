import { KdError, readSafetensors, type Safetensors, type TensorToWrite, toFloat32, writeSafetensors } from '@kd/core'
import { channelNames, checkConfig, tensorShapes } from './model-config.ts'
import type { PackedMatrix, PackedRows, PackedStudent } from './packed-student.ts'
import { decodeText, mismatch, parseJson } from './text-files.ts'
import { Vocabulary } from './vocabulary.ts'

/** Tensors of a packed student that a student in single precision does not have. */
const names = Object.freeze({ vocabulary: 'vocabulary', rows: 'embeddings', scale: '.scale' } as const)
const matrices = ['lstm.weight_ih_l0', 'lstm.weight_hh_l0', 'lstm.weight_ih_l0_reverse', 'lstm.weight_hh_l0_reverse', 'dense.weight']
const vectors = ['lstm.bias_ih_l0', 'lstm.bias_ih_l0_reverse', 'dense.bias', 'logits.weight', 'logits.bias']

/**
 * A packed student from the bytes of its file. Lengths, offsets, types, shapes, words and values are checked before any
 * of it is used; tensors are views into the bytes.
 * @param source names the file in errors
 * @throws KdError of kind `format` or `mismatch`
 */
export function readPacked(bytes: Uint8Array, source = 'model.safetensors'): PackedStudent {
  const file = readSafetensors(bytes, source)
  if (!isPacked(file)) {
    const fix = 'Give the whole folder, or save the student with { weights: "int8" }.'
    throw new KdError({ kind: 'format', what: 'it holds weights alone, no vocabulary and no configuration', where: { file: source }, fix })
  }
  return fromTensors(file, source)
}

/** Whether a safetensors file is all of a student, and not its weights in single precision alone. */
export const isPacked = ({ metadata }: Safetensors): boolean => Object.hasOwn(metadata, 'config')

export function fromTensors({ tensors, metadata }: Safetensors, source: string): PackedStudent {
  const config = checkConfig(parseJson(metadata.config!, source), source)
  if (config.weights === undefined) throw mismatch('its configuration is not one of a packed student', source)
  const { vocabularySize, dimensions, channels } = config
  const inputs = channelNames(channels).length * dimensions
  const shapes = tensorShapes(config)
  const used = new Set<string>()
  const tensor = (name: string, type: string, shape: readonly (number | undefined)[]) => {
    used.add(name)
    const found = tensors.get(name)
    if (!found) throw mismatch('it is not in the file', source, name)
    if (
      found.type !== type ||
      found.shape.length !== shape.length ||
      shape.some((side, i) => side !== undefined && side !== found.shape[i])
    ) {
      const expected = `${type} [${shape.map((side) => side ?? '?')}]`
      throw mismatch(`it is ${found.type} [${found.shape}], by the configuration it is ${expected}`, source, name)
    }
    return found
  }
  const floats = (name: string, shape: readonly (number | undefined)[]): Float32Array => {
    const values = toFloat32(tensor(name, 'F32', shape), name)
    if (values.every(Number.isFinite)) return values
    throw new KdError({
      kind: 'format',
      what: 'it holds values that are not finite',
      where: { file: source, tensor: name },
      fix: 'The file is damaged: fetch or save it again.',
    })
  }
  const int8 = ({ bytes }: { bytes: Uint8Array }) => new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)

  const text = tensor(names.vocabulary, 'U8', [undefined]).bytes
  const rows: PackedRows =
    config.weights === 'int4'
      ? { bits: 4, values: tensor(names.rows, 'U8', [vocabularySize, Math.ceil(inputs / 2)]).bytes, scales: scales() }
      : { bits: 8, values: int8(tensor(names.rows, 'I8', [vocabularySize, inputs])), scales: scales() }
  const weights: Record<string, PackedMatrix> = {}
  for (const name of matrices) {
    const [units, columns] = shapes[name] as [number, number]
    weights[name] = { values: int8(tensor(name, 'I8', [units, columns])), scales: floats(name + names.scale, [units]), columns }
  }
  const plain = Object.fromEntries(vectors.map((name) => [name, floats(name, shapes[name]!)]))
  for (const name of tensors.keys()) if (!used.has(name)) throw mismatch('the format knows no such tensor', source, name)

  const vocabulary = Vocabulary.fromText(decodeText(text, source), source)
  if (vocabulary.size !== vocabularySize) throw mismatch(`it has ${vocabulary.size} words, not ${vocabularySize}`, source, names.vocabulary)
  return { config, vocabulary, rows, matrices: weights, vectors: plain }

  function scales(): Float32Array {
    const groups = tensors.get(names.rows + names.scale)?.shape[1] ?? 1
    if (groups < 1 || inputs % groups !== 0)
      throw mismatch(`${groups} scales do not divide ${inputs} numbers`, source, names.rows + names.scale)
    return floats(names.rows + names.scale, [vocabularySize, groups])
  }
}

/**
 * The file of a packed student. Equal students give equal bytes.
 * @throws KdError of kind `option` where a tensor's size does not fit the configuration, `numeric` for what `readPacked`
 * would refuse
 */
export function writePacked({ config, vocabulary, rows, matrices, vectors }: PackedStudent): Uint8Array {
  const { vocabularySize, channels, dimensions } = config
  const inputs = channelNames(channels).length * dimensions
  const shapes = tensorShapes(config)
  const words = new TextEncoder().encode(vocabulary.toText())
  const tensors: Record<string, TensorToWrite> = {
    [names.vocabulary]: { data: words, shape: [words.length] },
    [names.rows]: { data: rows.values, shape: [vocabularySize, rows.bits === 4 ? Math.ceil(inputs / 2) : inputs] },
    [names.rows + names.scale]: { data: rows.scales, shape: [vocabularySize, rows.scales.length / vocabularySize] },
  }
  for (const [name, { values, scales }] of Object.entries(matrices)) {
    tensors[name] = { data: values, shape: shapes[name]! }
    tensors[name + names.scale] = { data: scales, shape: [scales.length] }
  }
  for (const [name, data] of Object.entries(vectors)) tensors[name] = { data, shape: shapes[name]! }
  for (const [tensor, { data }] of Object.entries(tensors)) {
    if (!(data instanceof Float32Array) || data.every(Number.isFinite)) continue
    const fix = 'Train again with a lower learning rate.'
    throw new KdError({ kind: 'numeric', what: 'it holds values that are not finite', where: { tensor }, fix })
  }
  return writeSafetensors(tensors, { config: JSON.stringify(config) })
}
