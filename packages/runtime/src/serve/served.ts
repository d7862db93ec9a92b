import { channelNames, type ModelConfig } from '../model-config.ts'
import type { Model } from '../model-file.ts'
import { type PackedMatrix, type PackedRows, type PackedStudent, packMatrix } from '../packed-student.ts'
import type { Vocabulary } from '../vocabulary.ts'

/** Writes a word's vector, all channels side by side, to `out`, from `at` on. */
export type ReadRow = (word: number, out: Float32Array, at: number) => void

/** A student as kernels take it. */
export interface Served {
  readonly config: ModelConfig
  readonly vocabulary: Vocabulary
  /** Length of a word's vector. */
  readonly inputs: number
  readonly readRow: ReadRow
  readonly matrices: Readonly<Record<string, PackedMatrix>>
  readonly vectors: Readonly<Record<string, Float32Array>>
}

export function servePacked({ config, vocabulary, rows, matrices, vectors }: PackedStudent): Served {
  const inputs = channelNames(config.channels).length * config.dimensions
  return { config, vocabulary, inputs, readRow: packedRows(rows, inputs, config.vocabularySize), matrices, vectors }
}

/** Weights in single precision are rounded to 8 bits a row, word vectors stay as they are. */
export function serveModel({ config, vocabulary, weights }: Model): Served {
  const { channels, dimensions } = config
  const tables = channelNames(channels).map((name) => weights[`embeddings.${name}`]!)
  const inputs = tables.length * dimensions
  const matrices: Record<string, PackedMatrix> = {}
  for (const direction of ['', '_reverse']) {
    const [input, recurrent] = [`lstm.weight_ih_l0${direction}`, `lstm.weight_hh_l0${direction}`]
    matrices[input] = packMatrix(weights[input]!, inputs)
    matrices[recurrent] = packMatrix(weights[recurrent]!, config.hidden)
  }
  matrices['dense.weight'] = packMatrix(weights['dense.weight']!, weights['dense.weight']!.length / config.dense)
  const readRow: ReadRow = (word, out, at) => {
    for (const table of tables) {
      for (let i = word * dimensions, end = i + dimensions; i < end; i++) out[at++] = table[i]!
    }
  }
  return { config, vocabulary, inputs, readRow, matrices, vectors: weights }
}

export function packedRows({ bits, values, scales }: PackedRows, inputs: number, words: number): ReadRow {
  const groups = scales.length / words
  const size = inputs / groups
  if (bits === 8) {
    return (word, out, at) => {
      for (let group = 0, from = word * inputs; group < groups; group++) {
        const scale = scales[word * groups + group]!
        for (const end = from + size; from < end; ) out[at++] = values[from++]! * scale
      }
    }
  }
  const bytes = Math.ceil(inputs / 2)
  return (word, out, at) => {
    for (let i = 0; i < inputs; i++) {
      const half = (values[word * bytes + (i >> 1)]! >> ((i & 1) * 4)) & 15
      out[at++] = (half - 8) * scales[word * groups + Math.floor(i / size)]!
    }
  }
}
