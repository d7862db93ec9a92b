import * as tf from '@tensorflow/tfjs-core'

/** The words of a batch for both directions, each left-aligned: `[2, length, batch]`, the backward one reversed. */
export interface StatesInput {
  /** Each distinct word's projection with bias: `[distinct, 8 * units]`, forward gates, then backward. */
  readonly projections: tf.Tensor2D
  /** Row of `projections` for each place: int32 `[2, length, batch]`. */
  readonly positions: tf.Tensor
  /** `[2, units, 4 * units]` */
  readonly recurrent: tf.Tensor3D
  /**
   * 1 where a text ends at one of the last places, else 0: `[ends, batch, 1]`. The last of them belongs to the last
   * place. A row of zeros (padding of the batch) has states of zero.
   */
  readonly ends: tf.Tensor3D
}

/**
 * The final states of a bidirectional LSTM for training: `[batch, 2 * units]`, as `BilstmLayer` has them.
 *
 * Both directions read left to right and go through each time step together. What follows the end of a text is
 * computed and never used: states are taken at the ends only, so that no gradient comes from there.
 */
export function finalStates({ projections, positions, recurrent, ends }: StatesInput): tf.Tensor2D {
  const units = recurrent.shape[1]
  const [distinct] = projections.shape
  const byDirection = tf.reshape(projections, [distinct * 2, 4 * units]) as tf.Tensor2D
  const rows = tf.add(tf.mul(positions, tf.scalar(2, 'int32')), tf.tensor3d([0, 1], [2, 1, 1], 'int32')) as tf.Tensor3D
  const final = recur(byDirection, rows, recurrent, ends)
  return tf.reshape(tf.transpose(final, [1, 0, 2]), [ends.shape[1], 2 * units])
}

/** What the way back needs of one time step, each `[2, batch, units]`. */
interface StepState {
  i: tf.Tensor
  f: tf.Tensor
  g: tf.Tensor
  o: tf.Tensor
  /** i * g */
  ig: tf.Tensor
  /** f * c before the step; absent in the first, where c is zero. */
  fc: tf.Tensor | undefined
  tanhC: tf.Tensor
  h: tf.Tensor
}

/**
 * The recurrence with its gradient by hand: half the passes over memory that automatic differentiation makes, and one
 * product for the recurrent weights' gradient instead of one a time step.
 * @param x `[2 * distinct, 4 * units]`
 * @param rows of `x`: int32 `[2, length, batch]`
 * @returns `[2, batch, units]`
 */
function recur(x: tf.Tensor2D, rows: tf.Tensor3D, recurrent: tf.Tensor3D, ends: tf.Tensor3D): tf.Tensor3D {
  const length = rows.shape[1]
  const endCount = ends.shape[0]
  const run = tf.customGrad((...inputs) => {
    const [x, recurrent, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor3D, (tensors: tf.Tensor[]) => void]
    const masks = tf.unstack(ends)
    const places = tf.unstack(rows, 1)
    const steps = forward(x, places, recurrent)
    const value = sum(masks.map((mask, end) => tf.mul(mask, steps[length - endCount + end]!.h)))
    const saved = steps.flatMap(({ i, f, g, o, ig, fc, tanhC, h }) => [i, f, g, o, ig, tanhC, h, ...(fc ? [fc] : [])])
    save([recurrent, ...places, ...masks, ...saved])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [recurrent, ...rest] = saved as [tf.Tensor3D, ...tf.Tensor[]]
        const [firstPlace, ...laterPlaces] = rest.splice(0, length) as [tf.Tensor, ...tf.Tensor[]]
        const masks = rest.splice(0, endCount)
        const { first, later, dRecurrent } = backward(dy as tf.Tensor3D, recurrent, masks, restore(rest, length))
        const toRows = (dz: tf.Tensor, rows: tf.Tensor) =>
          tf.unsortedSegmentSum(tf.reshape(dz, [rows.size, x.shape[1]]), tf.reshape(rows, [rows.size]) as tf.Tensor1D, x.shape[0])
        const dx = toRows(first, firstPlace)
        return [later ? tf.add(toRows(later, tf.concat(laterPlaces, 1)), dx) : dx, dRecurrent]
      },
    }
  })
  return run(x, recurrent) as tf.Tensor3D
}

function restore(saved: tf.Tensor[], length: number): StepState[] {
  let at = 0
  return Array.from({ length }, (_, place) => {
    const [i, f, g, o, ig, tanhC, h] = saved.slice(at, (at += 7)) as [tf.Tensor, ...tf.Tensor[]] as tf.Tensor[]
    const fc = place === 0 ? undefined : saved[at++]
    return { i, f, g, o, ig, fc, tanhC, h } as StepState
  })
}

function forward(x: tf.Tensor2D, rows: readonly tf.Tensor[], recurrent: tf.Tensor3D): StepState[] {
  const steps: StepState[] = []
  let c: tf.Tensor | undefined
  for (const places of rows) {
    const xt = tf.gather(x, places)
    const before = steps.at(-1)?.h
    const z = before ? tf.add(xt, tf.matMul(before as tf.Tensor3D, recurrent)) : xt
    const [zi, zf, zg, zo] = tf.split(z, 4, 2) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
    const i = tf.sigmoid(zi)
    const f = tf.sigmoid(zf)
    const g = tf.tanh(zg)
    const o = tf.sigmoid(zo)
    const ig = tf.mul(i, g)
    const fc = c && tf.mul(f, c)
    c = fc ? tf.add(fc, ig) : ig
    const tanhC = tf.tanh(c)
    steps.push({ i, f, g, o, ig, fc, tanhC, h: tf.mul(o, tanhC) })
  }
  return steps
}

interface Gradients {
  /** Of the x gathered for the first place, `[2, batch, 4 * units]`. */
  first: tf.Tensor
  /** Of those for all later places together, `[2, (length - 1) * batch, 4 * units]`, if there are any. */
  later: tf.Tensor3D | undefined
  dRecurrent: tf.Tensor3D
}

/**
 * With `h = o tanh(c)`, `c = fc + ig`:
 * dz_o = dh h (1 - o), dc += dh (o - h tanh(c)), dz_i = dc ig (1 - i), dz_f = dc fc (1 - f), dz_g = dc (i - ig g), dc before = dc f.
 * The first place has no state before it, so that the recurrent weights' gradient is of the later ones.
 */
function backward(dy: tf.Tensor3D, recurrent: tf.Tensor3D, masks: tf.Tensor[], steps: StepState[]): Gradients {
  const dzs: tf.Tensor[] = []
  let dz: tf.Tensor3D | undefined
  let dcAfter: tf.Tensor | undefined
  for (let place = steps.length - 1; place >= 0; place--) {
    const { i, f, g, o, ig, fc, tanhC, h } = steps[place]!
    const mask = masks[place - steps.length + masks.length]
    const dh = sum([dz && tf.matMul(dz, recurrent, false, true), mask && tf.mul(mask, dy)])
    const dc = sum([tf.mul(dh, tf.sub(o, tf.mul(h, tanhC))), dcAfter])
    const dzi = tf.mul(dc, tf.mul(ig, tf.sub(1, i)))
    const dzf = fc ? tf.mul(dc, tf.mul(fc, tf.sub(1, f))) : tf.zerosLike(dzi)
    const dzg = tf.mul(dc, tf.sub(i, tf.mul(ig, g)))
    const dzo = tf.mul(dh, tf.mul(h, tf.sub(1, o)))
    dz = tf.concat([dzi, dzf, dzg, dzo], 2) as tf.Tensor3D
    dzs.unshift(dz)
    dcAfter = tf.mul(dc, f)
  }
  const [first, ...others] = dzs as [tf.Tensor, ...tf.Tensor[]]
  if (others.length === 0) return { first, later: undefined, dRecurrent: tf.zerosLike(recurrent) }
  const later = tf.concat(others, 1) as tf.Tensor3D
  const before = tf.concat(
    steps.slice(0, -1).map(({ h }) => h),
    1,
  ) as tf.Tensor3D
  return { first, later, dRecurrent: tf.matMul(before, later, true) }
}

function sum(terms: readonly (tf.Tensor | undefined)[]): tf.Tensor {
  return terms.filter((term) => term !== undefined).reduce((a, b) => tf.add(a, b))
}
