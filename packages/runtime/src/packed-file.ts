import { KdError } from '@kd/core'
import { channelNames, checkConfig, tensorShapes } from './model-config.ts'
import type { PackedMatrix, PackedRows, PackedStudent } from './packed-student.ts'
import { floatsOf, readTensors, type Tensors } from './tensors.ts'
import { decodeText, mismatch, parseJson } from './text-files.ts'
import { Vocabulary } from './vocabulary.ts'

const matrices = ['lstm.weight_ih_l0', 'lstm.weight_hh_l0', 'lstm.weight_ih_l0_reverse', 'lstm.weight_hh_l0_reverse', 'dense.weight']
const vectors = ['lstm.bias_ih_l0', 'lstm.bias_ih_l0_reverse', 'dense.bias', 'logits.weight', 'logits.bias']

/**
 * A packed student from the bytes of its file. Lengths, offsets, types, shapes, words and values are checked before any
 * of it is used; tensors are views into the bytes.
 * @param source names the file in errors
 * @throws KdError of kind `format` or `mismatch`
 */
export function readPacked(bytes: Uint8Array, source = 'model.safetensors'): PackedStudent {
  return fromTensors(readTensors(bytes, source), source)
}

/** @param index makes a faster look-up of a vocabulary's bytes, if they are so many different words */
export function fromTensors(
  { names, config: json, shape, bytes }: Tensors,
  source: string,
  index?: (bytes: Uint8Array, words: number) => ((word: string) => number) | undefined,
): PackedStudent {
  if (json === undefined) {
    const fix = "Give the whole folder, or save the student with { weights: 'int8' }."
    throw new KdError({ kind: 'format', what: 'it holds weights alone, without words and configuration', where: { file: source }, fix })
  }
  const config = checkConfig(parseJson(json, source), source)
  if (config.weights === undefined) throw mismatch('its configuration is not one of a packed student', source)
  const { vocabularySize, dimensions, channels } = config
  const inputs = channelNames(channels).length * dimensions
  const shapes = tensorShapes(config)
  const floats = (name: string, sides: readonly number[]) => floatsOf(bytes(name, 'F32', sides), source, name)
  const int8 = (name: string, sides: readonly number[]): Int8Array => {
    const found = bytes(name, 'I8', sides)
    return new Int8Array(found.buffer, found.byteOffset, found.length)
  }

  const groups = Number(shape('embeddings.scale')[1])
  if (!(groups >= 1 && inputs % groups === 0))
    throw mismatch(`${groups} scales do not divide ${inputs} numbers`, source, 'embeddings.scale')
  const scales = floats('embeddings.scale', [vocabularySize, groups])
  const rows: PackedRows =
    config.weights === 'int4'
      ? { bits: 4, values: bytes('embeddings', 'U8', [vocabularySize, Math.ceil(inputs / 2)]), scales }
      : { bits: 8, values: int8('embeddings', [vocabularySize, inputs]), scales }
  const packed: Record<string, PackedMatrix> = {}
  for (const name of matrices) {
    const [units, columns] = shapes[name] as [number, number]
    packed[name] = { values: int8(name, [units, columns]), scales: floats(`${name}.scale`, [units]), columns }
  }
  const plain = Object.fromEntries(vectors.map((name) => [name, floats(name, shapes[name]!)]))
  const most = 3 + 2 * matrices.length + vectors.length
  if (names.length !== most) throw mismatch(`it has ${names.length} tensors, not ${most}`, source)

  const words = bytes('vocabulary', 'U8', [Number(shape('vocabulary')[0])])
  const text = decodeText(words, source)
  const find = index?.(words, vocabularySize)
  const vocabulary = (find && Vocabulary.indexed({ text, size: vocabularySize, find })) ?? Vocabulary.fromText(text, source)
  if (vocabulary.size !== vocabularySize) throw mismatch(`it has ${vocabulary.size} words, not ${vocabularySize}`, source, 'vocabulary')
  return { config, vocabulary, rows, matrices: packed, vectors: plain }
}
