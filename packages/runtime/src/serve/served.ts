import { channelNames, type ModelConfig } from '../model-config.ts'
import type { PackedMatrix, PackedRows, PackedStudent } from '../packed-student.ts'
import type { WordList } from '../word-list.ts'

/** Writes a word's vector, all channels side by side, to `out`, from `at` on. */
export type ReadRow = (word: number, out: Float32Array, at: number) => void

/** A student as kernels take it. */
export interface Served {
  readonly config: ModelConfig
  readonly vocabulary: WordList
  /** Length of a word's vector. */
  readonly inputs: number
  readonly readRow: ReadRow
  readonly matrices: Readonly<Record<string, PackedMatrix>>
  readonly vectors: Readonly<Record<string, Float32Array>>
}

export function servePacked({ config, vocabulary, rows, matrices, vectors }: PackedStudent<WordList>): Served {
  const inputs = channelNames(config.channels).length * config.dimensions
  return { config, vocabulary, inputs, readRow: packedRows(rows, inputs, config.vocabularySize), matrices, vectors }
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
