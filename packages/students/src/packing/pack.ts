import {
  channelNames,
  type ModelConfig,
  type PackedMatrix,
  type PackedStudent,
  packedFormatVersion,
  packedRows,
  packMatrix,
  type Vocabulary,
} from '@kd/runtime'
import { packRows } from './pack-rows.ts'

export interface FloatStudent {
  /** Of format version 1. */
  readonly config: ModelConfig
  readonly vocabulary: Vocabulary
  /** By the names of `tensorShapes`. */
  readonly weights: Readonly<Record<string, Float32Array>>
}

const isMatrix = (name: string) => name.startsWith('lstm.weight_') || name === 'dense.weight'

/** A student in whole numbers: matrices in 8 bits with a scale for each row, word vectors in 8 or 4 bits, the rest as it is. */
export function packStudent({ config, vocabulary, weights }: FloatStudent, type: 'int8' | 'int4'): PackedStudent {
  const names = channelNames(config.channels).map((name) => `embeddings.${name}`)
  const inputs = names.length * config.dimensions
  const rows = joinColumns(
    names.map((name) => weights[name]!),
    config.dimensions,
  )
  const matrices: Record<string, PackedMatrix> = {}
  const vectors: Record<string, Float32Array> = {}
  for (const [name, values] of Object.entries(weights)) {
    if (isMatrix(name)) matrices[name] = packMatrix(values, values.length / rowsOf(name, config))
    else if (!names.includes(name)) vectors[name] = values
  }
  return {
    config: { ...config, formatVersion: packedFormatVersion, weights: type },
    vocabulary,
    rows: packRows(rows, { inputs, channels: names.length, bits: type === 'int4' ? 4 : 8 }),
    matrices,
    vectors,
  }
}

/** A packed student in single precision: the numbers that its whole numbers stand for. */
export function unpackStudent({ config, vocabulary, rows, matrices, vectors }: PackedStudent): FloatStudent {
  const { vocabularySize, dimensions } = config
  const names = channelNames(config.channels).map((name) => `embeddings.${name}`)
  const inputs = names.length * dimensions
  const weights: Record<string, Float32Array> = { ...vectors }
  for (const [name, { values, scales, columns }] of Object.entries(matrices)) {
    weights[name] = Float32Array.from(values, (value, at) => value * scales[Math.floor(at / columns)]!)
  }
  const readRow = packedRows(rows, inputs, vocabularySize)
  const row = new Float32Array(inputs)
  for (const name of names) weights[name] = new Float32Array(vocabularySize * dimensions)
  for (let word = 0; word < vocabularySize; word++) {
    readRow(word, row, 0)
    names.forEach((name, channel) => {
      weights[name]!.set(row.subarray(channel * dimensions, (channel + 1) * dimensions), word * dimensions)
    })
  }
  const { weights: _, ...rest } = config
  return { config: { ...rest, formatVersion: 1 }, vocabulary, weights }
}

const rowsOf = (name: string, { hidden, dense }: ModelConfig) => (name === 'dense.weight' ? dense : 4 * hidden)

/** Tables of equally long rows side by side. */
function joinColumns(tables: readonly Float32Array[], columns: number): Float32Array {
  if (tables.length === 1) return tables[0]!
  const out = new Float32Array(tables.length * tables[0]!.length)
  tables.forEach((table, index) => {
    for (let row = 0; row * columns < table.length; row++) {
      out.set(table.subarray(row * columns, (row + 1) * columns), (row * tables.length + index) * columns)
    }
  })
  return out
}
