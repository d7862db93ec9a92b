import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { platform } from '#platform'
import { chooseEngine, type Engine } from './engines/engine.ts'
import { NativeRuntime } from './engines/native/runtime.ts'
import { jitOn } from './jit.ts'
import { engineNames, testEngine } from './testing/engines.ts'

const native = testEngine('onnxruntime-node')
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number

beforeAll(async () => {
  for (const name of engineNames) await testEngine(name)()
  await tf.setBackend('cpu')
})

/** An engine whose workers load these modules, one after the other. */
function engineOf(...modules: string[]): () => Promise<Engine> {
  const start = () => NativeRuntime.start(modules.shift()!)
  const engine = chooseEngine({
    platform: { ...platform, runtimes: [{ name: 'onnxruntime-node', start }] },
    threads: 1,
    tfjs: async () => 'cpu',
  })
  return () => engine
}

async function errorOf(call: Promise<unknown>): Promise<KdError> {
  const error = await call.catch((error: unknown) => error)
  expect(KdError.isInstance(error, 'engine'), String(error)).toBe(true)
  return error as KdError
}

describe('bad numbers', () => {
  it.each([
    ['sums and products', (x: tf.Tensor) => tf.add(tf.mul(x, 2), tf.sum(x))],
    ['activations', (x: tf.Tensor) => tf.stack([tf.relu(x), tf.sigmoid(x), tf.tanh(x), tf.elu(x)])],
    ['softmax', (x: tf.Tensor) => tf.softmax(x)],
    ['maxima', (x: tf.Tensor) => tf.stack([tf.max(x), tf.min(x), tf.mean(x)])],
    ['choices', (x: tf.Tensor) => tf.where(tf.greater(x, 0), x, tf.neg(x))],
    ['a gradient', (x: tf.Tensor) => tf.grad((z: tf.Tensor) => tf.sum(tf.sqrt(z)))(x)],
  ])('NaN and infinities flow as in TensorFlow.js: %s', async (_, fn) => {
    const f = jitOn(fn, native)
    for (const numbers of [
      [1, nan, -2],
      [infinity, 1, -1],
      [-infinity, 0, infinity],
    ]) {
      const x = tf.tensor1d(numbers)
      values(await f(x)).forEach((value, at) => {
        const wanted = values(fn(x))[at]!
        expect(Object.is(value, wanted) || Math.abs(value - wanted) < 1e-5, `${numbers}: ${value}, plain ${wanted}`).toBe(true)
      })
    }
    await f.dispose()
  })

  it.each([5, -1, 2 ** 30])('the index %s out of range raises an error and changes nothing', async (index) => {
    const w = tf.variable(tf.tensor1d([1, 2, 3]))
    const f = jitOn((at: tf.Tensor1D) => {
      const found = tf.gather(w, at)
      w.assign(tf.add(w, 1))
      return found
    }, native)
    expect(values(await f(tf.tensor1d([2], 'int32')))).toEqual([3])
    await errorOf(f(tf.tensor1d([index], 'int32')))
    expect(values(w)).toEqual([2, 3, 4])
    expect(values(await f(tf.tensor1d([0], 'int32')))).toEqual([2])
    await f.dispose()
  })
})

describe('a worker that dies', () => {
  const dying = new URL('../fixtures/dying-runtime.mjs', import.meta.url).href

  it('rejects what waits, and the next call has a fresh one with the state before', async () => {
    const engine = engineOf(dying, 'onnxruntime-node')
    const w = tf.variable(tf.scalar(4))
    const f = jitOn((x: tf.Tensor) => {
      w.assign(tf.add(w, 1))
      return tf.mul(x, w)
    }, engine)
    const pending = [f(tf.scalar(2)), f(tf.scalar(3))]
    const { what, fix } = await errorOf(pending[0]!)
    expect(what).toContain('ended with code 7')
    expect(fix).toContain('a new worker starts by itself')
    expect(values(await pending[1]!)).toEqual([15])
    expect([values(w), f.calls]).toEqual([[5], 1])
    await (await (await engine()).runtime()).stop()
  })

  it('says whose values are lost with it; assigned again, they go on', async () => {
    const engine = engineOf('onnxruntime-node', 'onnxruntime-node')
    const [held, host] = [tf.variable(tf.scalar(1), true, 'held by a worker'), tf.variable(tf.scalar(10))]
    const f = jitOn((x: tf.Tensor) => {
      held.assign(tf.add(held, x) as tf.Scalar)
      return tf.add(held, host)
    }, engine)
    await f(tf.scalar(1))
    await (await (await engine()).runtime()).stop()
    expect(() => held.dataSync()).toThrow('the values of the variable held by a worker were with the engine, which is gone')
    await expect(held.data()).rejects.toMatchObject({ kind: 'engine', where: { tensor: 'held by a worker' } })
    const error = await errorOf(f(tf.scalar(1)))
    expect(error.fix).toContain('from a state that was saved')
    held.assign(tf.scalar(5))
    expect(values(await f(tf.scalar(1)))).toEqual([16])
    expect(values(held)).toEqual([6])
    await (await (await engine()).runtime()).stop()
  })
})

describe('many at once', () => {
  it('disposed of while it runs, a function ends its calls and takes no more', async () => {
    const w = tf.variable(tf.scalar(1))
    const f = jitOn((x: tf.Tensor) => {
      w.assign(tf.add(w, 1))
      return tf.mul(x, w)
    }, native)
    const pending = [f(tf.scalar(1)), f(tf.scalar(1))]
    const disposed = f.dispose()
    await expect(f(tf.scalar(1))).rejects.toThrow('has been disposed')
    expect((await Promise.all(pending)).map(values)).toEqual([[2], [3]])
    await Promise.all([disposed, f.dispose()])
    expect(values(w)).toEqual([3])
  })

  it('100 functions live side by side and leave nothing', async () => {
    const w = tf.variable(tf.ones([4]))
    const { numTensors } = tf.memory()
    const all = Array.from({ length: 100 }, (_, index) =>
      jitOn((x: tf.Tensor) => {
        w.assign(tf.add(w, 1))
        return tf.add(x, index)
      }, native),
    )
    const x = tf.scalar(0.5)
    const results = await Promise.all(all.map((f) => f(x)))
    expect(results.map((result) => values(result)[0])).toEqual(Array.from({ length: 100 }, (_, index) => index + 0.5))
    expect(values(w)).toEqual([101, 101, 101, 101])
    tf.dispose([results, x])
    await Promise.all(all.map((f) => f.dispose()))
    expect(tf.memory().numTensors).toBe(numTensors)
  })
})
