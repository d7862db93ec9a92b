import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { see } from '../trace/refuse.ts'
import type { DataParallel, StepBatch } from './options.ts'

/** The loss of a batch and its gradients; undefined where it does not depend on a value. */
export interface LossAndGradients {
  readonly loss: tf.Scalar
  readonly gradients: readonly (tf.Tensor | undefined)[]
}

/**
 * Loss and gradients of a batch, from those of its equal parts, one part after the other: activations of one part are in
 * memory at a time.
 * @param of what a part gives: `part` makes it, to be called where gradients are recorded; `share` is what its loss counts in the batch's
 * @throws KdError of kind `option` where the inputs are not of one number of examples
 */
export function inTurns(
  batch: StepBatch,
  { accumulate = 1, loss, axes = {} }: DataParallel,
  of: (part: () => StepBatch, share: number) => LossAndGradients,
): LossAndGradients {
  if (accumulate === 1) return of(() => batch, 1)
  const count = turnCount(batch, accumulate, axes)
  let sum: LossAndGradients | undefined
  for (let turn = 0; turn < count; turn++) {
    const nothing = sum && nothingOf(sum)
    const found = of(() => partOf(batch, turn, count, axes, nothing), loss === 'mean' ? 1 / count : 1)
    sum = sum === undefined ? found : added(sum, found)
  }
  return sum!
}

const added = (a: LossAndGradients, b: LossAndGradients): LossAndGradients => ({
  loss: tf.add(a.loss, b.loss),
  gradients: a.gradients.map((gradient, index) => {
    const other = b.gradients[index]
    return gradient && other ? tf.add(gradient, other) : (gradient ?? other)
  }),
})

/** So many parts, or the next number that divides the examples. */
function turnCount({ inputs, positions }: StepBatch, wanted: number, axes: Readonly<Record<string, number>>): number {
  const sides = new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape[axes[name] ?? 0]]))
  if (positions.size > 0) sides.set('ids', positions.shape[axes.ids ?? 0])
  const [size] = sides.values()
  const other = [...sides].find(([, side]) => side !== size)
  if (other || size === undefined) {
    throw new KdError({
      kind: 'option',
      what: other ? `a batch has ${size} and, by ${other[0]}, ${other[1]} examples` : 'the batch has no input to divide',
      where: { option: 'parallel' },
      fix: see('Name the axis that counts the examples: parallel: { axes: { input: 1 } }.', 'steps'),
    })
  }
  let count = Math.min(wanted, size)
  while (size % count !== 0) count++
  return count
}

function partOf(
  { inputs, rows, positions }: StepBatch,
  turn: number,
  count: number,
  axes: Readonly<Record<string, number>>,
  nothing: tf.Scalar | undefined,
): StepBatch {
  const slice = <T extends tf.Tensor>(tensor: T, axis = 0): T => {
    const size = tensor.shape.map((side, index) => (index === axis ? side / count : side))
    const begin = tensor.shape.map((_, index) => (index === axis ? turn * size[axis]! : 0))
    return tf.slice(tensor, begin, size)
  }
  const part = {
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, slice(input, axes[name])])),
    rows,
    positions: positions.size > 0 ? slice(positions, axes.ids) : positions,
  }
  return nothing ? after(part, nothing) : part
}

/** 0, known once all gradients are. */
function nothingOf({ gradients }: LossAndGradients): tf.Scalar {
  const first = (tensor: tf.Tensor) => tf.slice(tf.reshape(tensor, [tensor.size]), [0], [1])
  const found = gradients.flatMap((gradient) => (gradient ? [first(gradient)] : []))
  return tf.reshape(tf.mul(tf.addN(found), 0), []) as tf.Scalar
}

/** A part that can't be computed before `nothing` is: else a graph might hold the activations of several in memory. */
function after(part: StepBatch, nothing: tf.Scalar): StepBatch {
  const [table] = Object.entries(part.rows)
  if (table) return { ...part, rows: { ...part.rows, [table[0]]: tf.add(table[1], nothing) } }
  const input = Object.entries(part.inputs).find(([, { dtype }]) => dtype === 'float32')
  return input ? { ...part, inputs: { ...part.inputs, [input[0]]: tf.add(input[1], nothing) } } : part
}
