import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { jitOn } from '../jit.ts'
import { testEngine } from './engines.ts'
import type { OpRow } from './op-rows.ts'

type Function = (...inputs: tf.Tensor[]) => tf.Tensor[]

export const nameOf = ({ kernel, of }: OpRow): string => (of === undefined ? kernel : `${kernel}, ${of}`)

/** Inputs drawn by the row's rules. */
export function inputsOf({ shapes = [[3, 4]], types = [], range = [-2, 2], values = {}, apart = false }: OpRow, seed: number): tf.Tensor[] {
  const random = new Random(seed, 'op')
  const [from, to] = range
  return shapes.map((shape, index) => {
    const type = types[index] ?? 'float32'
    const size = tf.util.sizeFromShape([...shape])
    const draw = type === 'float32' ? () => from + random.uniform() * (to - from) : () => Math.floor(from + random.uniform() * (to - from))
    const drawn = Array.from({ length: size }, draw)
    const given = values[index] ?? (apart && type === 'float32' ? spread(drawn, from, to) : drawn)
    return tf.tensor([...given], [...shape], type)
  })
}

/** Numbers in the same order of size, at equal distances. */
function spread(drawn: readonly number[], from: number, to: number): number[] {
  const order = drawn.map((_, at) => at).sort((a, b) => drawn[a]! - drawn[b]!)
  const result = [...drawn]
  for (const [rank, at] of order.entries()) result[at] = from + ((rank + 0.5) * (to - from)) / drawn.length
  return result
}

const floatsOf = (inputs: readonly tf.Tensor[]) => inputs.flatMap((input, index) => (input.dtype === 'float32' ? [index] : []))

/** Weights of a result, no two of them the same. */
const weights = (size: number) => Float32Array.from({ length: size }, (_, at) => 0.5 + at / Math.max(1, size - 1))

/** The results, then the gradients of their weighed sum by each float input. */
export function withGradients({ fn, gradient = true }: OpRow): Function {
  return (...inputs) => {
    const results = [fn(...inputs)].flat()
    if (!gradient) return results
    const floats = floatsOf(inputs)
    const weighed = (...given: tf.Tensor[]) => {
      const all = inputs.map((input, index) => given[floats.indexOf(index)] ?? input)
      const sums = [fn(...all)].flat().map((y) => tf.sum(tf.mul(tf.cast(y, 'float32'), tf.tensor(weights(y.size), y.shape))))
      return tf.addN(sums)
    }
    return [...results, ...tf.grads(weighed)(floats.map((index) => inputs[index]!))]
  }
}

export function expectClose(found: readonly tf.Tensor[], wanted: readonly tf.Tensor[], tolerance: number, when: string): void {
  const kinds = (tensors: readonly tf.Tensor[]) => tensors.map(({ dtype, shape }) => `${dtype}[${shape}]`).join()
  if (kinds(found) !== kinds(wanted)) throw new Error(`${when}: ${kinds(found)}, plain ${kinds(wanted)}`)
  for (const [index, tensor] of found.entries()) {
    const [a, b] = [tensor.dataSync(), wanted[index]!.dataSync()]
    a.forEach((value, at) => {
      const close = Object.is(value, b[at]) || Math.abs(value - b[at]!) <= tolerance * (1 + Math.abs(b[at]!))
      if (!close) throw new Error(`${when}, output ${index}, element ${at}: ${value}, plain ${b[at]}`)
    })
  }
}

/** All rows in one graph: plain, traced, and again on fresh inputs while the functions are forbidden. */
export async function checkTraced(rows: readonly OpRow[]): Promise<void> {
  const functions = rows.map(withGradients)
  let allowed = true
  const traced = jitOn((inputs: tf.Tensor[][]) => {
    if (!allowed) throw new Error('the function runs again')
    return functions.map((fn, index) => fn(...inputs[index]!))
  }, testEngine('onnxruntime-node'))
  for (const seed of [1, 2]) {
    const inputs = rows.map((row) => inputsOf(row, seed))
    const results = await traced(inputs)
    for (const [index, row] of rows.entries()) {
      const when = `${nameOf(row)}, ${allowed ? 'traced' : 'on fresh inputs'}`
      expectClose(results[index]!, functions[index]!(...inputs[index]!), row.tolerance ?? 2e-6, when)
    }
    allowed = false
  }
  if (traced.traces !== 1) throw new Error(`${traced.traces} traces`)
  await traced.dispose()
}

/** Half the way between the two points at which the function is looked at, in units of the inputs. */
const step = 1 / 128

/** TensorFlow.js's gradient along one random direction against the difference of two values, weighed in doubles. */
export function checkDerivative(row: OpRow): void {
  const { fn, notTheDerivative } = row
  const inputs = inputsOf(row, 1)
  const floats = floatsOf(inputs)
  const random = new Random(3, 'direction')
  const directions = floats.map((index) => Float32Array.from({ length: inputs[index]!.size }, () => (random.uniform() < 0.5 ? -1 : 1)))
  const value = (by: number): number => {
    const moved = inputs.map((input, index) => {
      const direction = directions[floats.indexOf(index)]
      return direction
        ? tf.tensor(
            input.dataSync().map((x, at) => x + by * direction[at]!),
            input.shape,
          )
        : input
    })
    let sum = 0
    for (const y of [fn(...moved)].flat()) {
      const weight = weights(y.size)
      y.dataSync().forEach((element, at) => {
        sum += element * weight[at]!
      })
    }
    return sum
  }
  const found = (value(step) - value(-step)) / (2 * step)
  let wanted = 0
  for (const [index, gradient] of withGradients(row)(...inputs)
    .slice(-floats.length)
    .entries()) {
    gradient.dataSync().forEach((slope, at) => {
      wanted += slope * directions[index]![at]!
    })
  }
  const close = Math.abs(found - wanted) <= 5e-3 * (1 + Math.abs(wanted))
  if (close === (notTheDerivative !== undefined)) {
    throw new Error(`${nameOf(row)}: the difference is ${found}, the gradient ${wanted}${notTheDerivative ? ', and should not be' : ''}`)
  }
}
