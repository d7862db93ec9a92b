import { KdError, Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { tensorOf } from './trace/backend.ts'
import type { Graph } from './trace/graph.ts'

/** What one use of dropout in a step needs: as many random words as its tensor has rows, and columns. */
export interface DropoutUse {
  readonly rows: number
  readonly columns: number
}

export interface DropoutWords {
  readonly rows: Int32Array
  readonly columns: Int32Array
}

/** Divides a shape into rows and columns, the columns being the last axis. */
export function dropoutUse(shape: readonly number[]): DropoutUse {
  const columns = shape.at(-1) ?? 1
  return { rows: shape.slice(0, -1).reduce((product, side) => product * side, 1), columns }
}

/**
 * The random words of the `index`th use of dropout in a step: functions of (seed, step, index) alone. An element is
 * kept if the product of its row's and its column's word, modulo 2^32 and taken as a signed number, lies below a
 * threshold. The words are odd, so that each product is uniform among the odd numbers, and the products of different
 * elements are pairwise independent; any engine computes them in two cheap passes.
 */
export function dropoutWords(seed: number, step: number, index: number, { rows, columns }: DropoutUse): DropoutWords {
  const random = new Random(seed, 'dropout').at(step, index)
  return { rows: oddWords(random, rows), columns: oddWords(random, columns) }
}

function oddWords(random: Random, length: number): Int32Array {
  const words = new Int32Array(length)
  for (let i = 0; i < length; i++) words[i] = random.uint32() | 1
  return words
}

export const dropoutThreshold = (rate: number): number => Math.round((1 - rate) * 2 ** 32 - 2 ** 31)

export function checkRate(rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new KdError({ kind: 'option', what: `${rate} is not in [0, 1)`, where: { option: 'rate' } })
}

/** x with each element dropped with probability `rate`, the others divided by 1 - rate, outside a trace. */
export function dropoutNow(x: tf.Tensor, rate: number, { rows, columns }: DropoutWords): tf.Tensor {
  const threshold = dropoutThreshold(rate)
  const mask = new Float32Array(rows.length * columns.length)
  const kept = Math.fround(1 / (1 - rate))
  let at = 0
  for (const row of rows) for (const column of columns) mask[at++] = Math.imul(row, column) < threshold ? kept : 0
  return tf.mul(x, tf.tensor(mask, x.shape))
}

/** The same inside a trace: the words are inputs of the graph. */
export function dropoutTraced(graph: Graph, x: tf.Tensor, rate: number, index: number): tf.Tensor {
  const { rows, columns } = dropoutUse(x.shape)
  const row = graph.input(dropoutInput(index, 'rows'), 'int32', [rows, 1])
  const column = graph.input(dropoutInput(index, 'columns'), 'int32', [1, columns])
  const word = graph.op('Mul', [row, column], 'int32', [rows, columns])
  const kept = graph.op('Less', [word, graph.scalar('int32', dropoutThreshold(rate))], 'bool', [rows, columns])
  const factors = [graph.scalar('float32', Math.fround(1 / (1 - rate))), graph.scalar('float32', 0)]
  const mask = graph.op('Where', [kept, ...factors], 'float32', [rows, columns])
  return tf.mul(x, tf.reshape(tensorOf(mask), x.shape))
}

export const dropoutInput = (index: number, part: 'rows' | 'columns'): string => `dropout ${index} ${part}`
