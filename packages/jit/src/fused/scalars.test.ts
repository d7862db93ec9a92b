import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, expect, it } from 'vitest'
import { Compiled } from '../engines/native/compiled.ts'
import { testEngine } from '../testing/engines.ts'
import { tensorOf, valueOfTensor } from '../trace/backend.ts'
import { emit } from '../trace/emit.ts'
import { record } from '../trace/record.ts'
import { scalarsOf } from './scalars.ts'

const engine = testEngine('onnxruntime-node')
beforeAll(async () => void (await tf.setBackend('cpu')))

function trace(fn: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) {
  const { recording, result } = record(
    ({ graph }) => {
      const [x, y] = ['x', 'y'].map((name) => tensorOf(graph.input(name, 'float32', []))) as [tf.Tensor, tf.Tensor]
      return { z: valueOfTensor(fn(x, y)) }
    },
    { seed: 1, step: 1 },
  )
  return { graph: recording.graph, outputs: result }
}

it.each<[string, (x: tf.Tensor, y: tf.Tensor) => tf.Tensor]>([
  ['sums, products, quotients', (x, y) => tf.div(tf.sub(tf.mul(x, y), tf.add(x, 0.1)), tf.neg(y))],
  ['roots and reciprocals', (x, y) => tf.sqrt(tf.abs(tf.add(tf.reciprocal(x), y)))],
  ['exponentials', (x, y) => tf.add(tf.exp(tf.mul(x, 0.1)), tf.log(tf.abs(y)))],
  ['expm1', (x, y) => tf.expm1(tf.mul(tf.mul(x, y), 0.001))],
  ['powers', (x, y) => tf.pow(tf.abs(x), y)],
  ['waves', (x, y) => tf.add(tf.cos(x), tf.sin(y))],
  ['whole numbers', (x, y) => tf.add(tf.floor(x), tf.ceil(y))],
  ['the smaller and the larger', (x, y) => tf.sub(tf.minimum(x, y), tf.maximum(x, 0.5))],
  [
    'choices',
    (x, y) => tf.where(tf.logicalAnd(tf.greater(x, y), tf.logicalNot(tf.lessEqual(y, 0))), tf.square(x), tf.where(tf.equal(x, y), y, x)),
  ],
  ['other shapes of one element', (x, y) => tf.reshape(tf.add(tf.reshape(x, [1, 1]), tf.reshape(y, [1])), [])],
])("scalars are ONNX Runtime's to the last bit or two: %s", async (_, fn) => {
  const { graph, outputs } = trace(fn)
  const scalars = scalarsOf(new Map(Object.entries(outputs)))!
  const compiled = await Compiled.loadOn(await (await engine()).runtime(), emit(graph, outputs), 1)
  for (const [x, y] of [
    [3, 0.7],
    [-1.3, 2.1],
    [0.01, -0.4],
    [2, 2],
  ] as const) {
    const feeds = { x: { data: Float32Array.of(x), shape: [] }, y: { data: Float32Array.of(y), shape: [] } }
    for (const name of ['x', 'y'] as const) if (!compiled.uses(name)) Reflect.deleteProperty(feeds, name)
    const wanted = (await compiled.run({ feeds, returns: ['z'] })).z!.data[0] as number
    expect(Math.abs(scalars({ x, y }).z! - wanted), `${x} ${y}`).toBeLessThanOrEqual(2 ** -22 * Math.abs(wanted))
  }
  await compiled.dispose()
})

it('scalars are refused where something is no number, or an operator has no function here', () => {
  for (const fn of [(x: tf.Tensor) => tf.erf(x), (x: tf.Tensor) => tf.sum(tf.mul(x, tf.tensor1d([1, 2])))]) {
    expect(scalarsOf(new Map(Object.entries(trace(fn).outputs)))).toBeUndefined()
  }
})
