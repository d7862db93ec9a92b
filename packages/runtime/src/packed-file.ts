import { channelNames, checkConfig, tensorShapes } from './model-config.ts'
import type { PackedMatrix, PackedRows, PackedStudent } from './packed-student.ts'
import { floatsOf, readTensors, type Tensors } from './tensors.ts'
import { damaged, decodeText, mismatch, parseJson } from './text-files.ts'
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
  return fromTensors(readTensors(bytes, source), source, (lines, size) => {
    const vocabulary = Vocabulary.fromText(decodeText(lines, source), source)
    if (vocabulary.size !== size) throw mismatch(`it has ${vocabulary.size} words, not ${size}`, source, 'vocabulary')
    return vocabulary
  })
}

/** @param wordsOf makes the vocabulary of its bytes and the number of words that they must have */
export function fromTensors<Words>(
  { names, config: json, shape, bytes }: Tensors,
  source: string,
  wordsOf: (lines: Uint8Array, size: number) => Words,
): PackedStudent<Words> {
  if (json === undefined) throw damaged('it holds weights alone: give its whole folder', { file: source })
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

  const vocabulary = wordsOf(bytes('vocabulary', 'U8', [Number(shape('vocabulary')[0])]), vocabularySize)
  return { config, vocabulary, rows, matrices: packed, vectors: plain }
}
