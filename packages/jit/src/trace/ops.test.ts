import '@tensorflow/tfjs-layers'
import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { jitOn } from '../jit.ts'
import { testEngine } from '../testing/engines.ts'
import { type OpRow, opRows } from '../testing/op-rows.ts'
import { lowerings } from './lowerings/index.ts'

function inputsOf({ shapes = [[3, 4]], types = [], range = [-2, 2] }: OpRow, seed: number): tf.Tensor[] {
  const random = new Random(seed, 'op')
  const [from, to] = range
  return shapes.map((shape, index) => {
    const type = types[index] ?? 'float32'
    const floor = type === 'float32' ? (x: number) => x : Math.floor
    const values = Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => floor(from + random.uniform() * (to - from)))
    return tf.tensor(values, [...shape], type)
  })
}

/** The results, then the gradients of their sum, weighed so that no two elements count the same, by each float input. */
function withGradients({ fn, gradient = true }: OpRow) {
  return (...inputs: tf.Tensor[]): tf.Tensor[] => {
    const results = [fn(...inputs)].flat()
    if (!gradient) return results
    const floats = inputs.flatMap((input, index) => (input.dtype === 'float32' ? [index] : []))
    const weighed = (...given: tf.Tensor[]) => {
      const all = inputs.map((input, index) => given[floats.indexOf(index)] ?? input)
      const sums = [fn(...all)].flat().map((y) => {
        const weights = tf.reshape(tf.linspace(0.5, 1.5, Math.max(1, y.size)), y.shape)
        return tf.sum(tf.mul(tf.cast(y, 'float32'), weights))
      })
      return tf.addN(sums)
    }
    return [...results, ...tf.grads(weighed)(floats.map((index) => inputs[index]!))]
  }
}

function expectClose(found: tf.Tensor[], wanted: tf.Tensor[], tolerance: number, when: string): void {
  expect(found.map(({ dtype, shape }) => `${dtype}[${shape}]`)).toEqual(wanted.map(({ dtype, shape }) => `${dtype}[${shape}]`))
  found.forEach((tensor, index) => {
    const [a, b] = [tensor.dataSync(), wanted[index]!.dataSync()]
    a.forEach((value, at) => {
      const close = Object.is(value, b[at]) || Math.abs(value - b[at]!) <= tolerance * (1 + Math.abs(b[at]!))
      if (!close) throw new Error(`${when}, output ${index}, element ${at}: ${value}, plain ${b[at]}`)
    })
  })
}

describe('each kernel, plain and traced', () => {
  it.each(opRows.map((row) => [row.of ? `${row.kernel}, ${row.of}` : row.kernel, row] as const))('%s', async (_, row) => {
    await testEngine('onnxruntime-node')()
    const { tolerance = 2e-6 } = row
    const fn = withGradients(row)
    let allowed = true
    const traced = jitOn((...inputs: tf.Tensor[]) => {
      if (!allowed) throw new Error('the function runs again')
      return fn(...inputs)
    }, testEngine('onnxruntime-node'))
    for (const seed of [1, 2]) {
      const inputs = inputsOf(row, seed)
      expectClose(await traced(...inputs), fn(...inputs), tolerance, allowed ? 'traced' : 'on fresh inputs')
      allowed = false
    }
    expect(traced.traces).toBe(1)
    await traced.dispose()
  })

  it('has a row for every lowering', () => {
    // EluGrad has no function of its own: the gradient of Elu uses it. BroadcastTo is Tile in this TensorFlow.js.
    const tested = new Set([...opRows.map(({ kernel }) => kernel), 'EluGrad'])
    expect(Object.keys(lowerings).filter((kernel) => !tested.has(kernel))).toEqual([])
  })
})
