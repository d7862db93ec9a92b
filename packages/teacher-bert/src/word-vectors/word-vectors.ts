import { KdError, type WordVectors } from '@kd/core'
import { type Matrix, matrixValues } from '../checkpoint/matrix.ts'
import type { BertModel } from '../checkpoint/model.ts'
import { type Dense, multiply } from './multiply.ts'
import { type PrincipalComponents, principalComponents } from './principal-components.ts'

export interface WordVectorOptions {
  /** Elements of a vector: from 1 to the width of the teacher's embeddings. */
  dimensions: number
  /**
   * Root mean square of an element over the vocabulary. Default: 0.5, the best of those tried on
   * SST-2's validation part (docs/results.md): what the teacher knows of words weighs more than in 0.1, the scale of random
   * vectors.
   */
  scale?: number
}

const components = new WeakMap<BertModel, Promise<PrincipalComponents>>()

/**
 * Vectors of whole words out of a BERT's word-piece embeddings: the mean of a word's pieces, its `dimensions` largest
 * principal components over the vocabulary (special and unused pieces left out), all scaled by one number, so that what
 * varies most in the teacher varies most in the student. A word of which the teacher knows no piece has a row of NaN.
 */
export function bertWordVectors(name: string, model: BertModel, { dimensions, scale = 0.5 }: WordVectorOptions): WordVectors {
  const { embedding: hidden } = model.config
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > hidden) {
    throw new KdError({ kind: 'option', what: `${dimensions} is not a whole number from 1 to ${hidden}`, where: { option: 'dimensions' } })
  }
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new KdError({ kind: 'option', what: `${scale} is not a number above 0`, where: { option: 'scale' } })
  }
  return {
    name: `${name}, word pieces`,
    dimensions,
    async vectorsFor(words) {
      if (words.length === 0) return new Float32Array(0)
      let found = components.get(model)
      if (found === undefined) components.set(model, (found = vocabularyComponents(model)))
      const { mean, axes, variances } = await found
      const spread = variances.subarray(0, dimensions).reduce((sum, variance) => sum + variance, 0) / dimensions
      const factor = spread > 0 ? scale / Math.sqrt(spread) : 1
      const known = words.map((word) => model.tokenizer.pieces(` ${word}`).filter((id) => id !== model.tokenizer.unknownId))
      const embeddings = new Float32Array(words.length * hidden)
      known.forEach((pieces, row) => {
        const embedding = embeddings.subarray(row * hidden, (row + 1) * hidden)
        for (const id of pieces) addRow(embedding, model.weights.wordEmbeddings, id, factor / pieces.length)
        for (let i = 0; i < hidden; i++) embedding[i]! -= mean[i]! * factor
      })
      const firstAxes = { values: leftColumns(axes, dimensions), rows: hidden, columns: dimensions }
      const vectors = await multiply({ values: embeddings, rows: words.length, columns: hidden }, firstAxes)
      known.forEach((pieces, row) => {
        if (pieces.length === 0) vectors.fill(Number.NaN, row * dimensions, (row + 1) * dimensions)
      })
      return vectors
    },
  }
}

function addRow(to: Float32Array, matrix: Matrix, row: number, weight: number): void {
  const start = row * matrix.columns
  const values = 'values' in matrix ? matrix.values : matrix.int8
  const factor = 'values' in matrix ? weight : weight * matrix.scales[row]!
  for (let i = 0; i < matrix.columns; i++) to[i]! += values[start + i]! * factor
}

function leftColumns({ values, rows, columns }: Dense, kept: number): Float32Array {
  const left = new Float32Array(rows * kept)
  for (let row = 0; row < rows; row++) left.set(values.subarray(row * columns, row * columns + kept), row * kept)
  return left
}

function vocabularyComponents({ tokenizer, weights, config }: BertModel): Promise<PrincipalComponents> {
  const { embedding: hidden } = config
  const values = matrixValues(weights.wordEmbeddings)
  const kept = tokenizer.tokens().filter(([token, id]) => !/^\[.+\]$/.test(token) && !tokenizer.specialIds.has(id))
  const pieces = new Float32Array(kept.length * hidden)
  kept.forEach(([, id], row) => {
    pieces.set(values.subarray(id * hidden, (id + 1) * hidden), row * hidden)
  })
  return principalComponents({ values: pieces, rows: kept.length, columns: hidden })
}
