import { channelNames } from '../model-config.ts'
import type { Model } from '../model-file.ts'
import { type PackedMatrix, packMatrix } from '../packed-student.ts'
import type { ReadRow, Served } from './served.ts'

export { readModel } from '../model-file.ts'

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
