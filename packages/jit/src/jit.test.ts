import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { engineNames, testEngine } from './testing/engines.ts'

const native = testEngine('onnxruntime-node')
const here = import.meta.url.replace('file://', '')
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())

beforeAll(async () => {
  await native()
})

describe.each(engineNames)('jit on %s', (name) => {
  const engine = testEngine(name)
  beforeAll(async () => {
    await engine()
  })

  it('takes and gives tensors in arrays and objects', async () => {
    const f = jitOn(
      ({ a, more }: { a: tf.Tensor; more: [tf.Tensor, { c: tf.Tensor }] }, factor: number) => ({
        sums: [tf.add(a, more[0]), tf.mul(more[1].c, factor)] as const,
        note: 'kept',
      }),
      engine,
    )
    const input = { a: tf.tensor1d([1, 2]), more: [tf.tensor1d([10, 20]), { c: tf.scalar(3) }] as [tf.Tensor, { c: tf.Tensor }] }
    const { sums, note } = await f(input, 2)
    expect([values(sums[0]), values(sums[1]), note]).toEqual([[11, 22], [6], 'kept'])
    expect(values((await f(input, 5)).sums[1])).toEqual([15])
    await f.dispose()
    await expect(f(input, 2)).rejects.toThrow('disposed')
  })

  it('reads and assigns variables', async () => {
    const w = tf.variable(tf.tensor1d([1, 2]))
    const f = jitOn((x: tf.Tensor1D) => {
      const before = tf.clone(w)
      w.assign(tf.add(w, x))
      return tf.mul(before, 10)
    }, engine)
    expect(values(await f(tf.tensor1d([1, 1])))).toEqual([10, 20])
    expect(values(w)).toEqual([2, 3])
    w.assign(tf.tensor1d([7, 8]))
    expect(values(await f(tf.tensor1d([1, 1])))).toEqual([70, 80])
    expect(values(w)).toEqual([8, 9])
    await f.dispose()
    w.dispose()
  })

  it('leaves earlier results alone', async () => {
    const w = tf.variable(tf.tensor1d([1, 2, 3]))
    const f = jitOn((x: tf.Tensor1D) => {
      w.assign(tf.add(w, x))
      return tf.clone(w) as tf.Tensor
    }, engine)
    const one = tf.ones([3]) as tf.Tensor1D
    await f(one)
    const first = await f(one)
    const [read, clone] = [w.dataSync(), w.clone()]
    for (let step = 0; step < 5; step++) await f(one)
    expect([values(first), Array.from(read), values(clone), values(w)]).toEqual([
      [3, 4, 5],
      [3, 4, 5],
      [3, 4, 5],
      [8, 9, 10],
    ])
    await f.dispose()
    w.dispose()
  })
})

describe('jit', () => {
  it('traces once a signature, whatever the values', async () => {
    let calls = 0
    const f = jitOn((x: tf.Tensor, power: number) => {
      calls++
      return tf.pow(x, power)
    }, native)
    await f(tf.tensor1d([1, 2]), 2)
    expect(values(await f(tf.tensor1d([3, 4]), 2))).toEqual([9, 16])
    await f(tf.tensor1d([1, 2, 3]), 2)
    await f(tf.tensor1d([1, 2]), 3)
    await f(tf.tensor1d([1, 2], 'int32'), 2)
    expect([calls, f.traces]).toEqual([4, 4])
    await f.dispose()
  })

  it('makes the steps of an optimizer of TensorFlow.js, slots and all, with other work between them', async () => {
    const [x, y] = [tf.randomNormal([6, 3], 0, 1, 'float32', 1), tf.randomNormal([6, 2], 0, 1, 'float32', 2)]
    const start = tf.randomNormal([3, 2], 0, 1, 'float32', 3)
    const make = () => {
      const w = tf.variable(start)
      const optimizer = tf.train.adam(0.1)
      const error = () => tf.mean(tf.squaredDifference(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), y)) as tf.Scalar
      return { w, error, step: () => optimizer.minimize(error, true, [w])! }
    }
    const [traced, plain] = [make(), make()]
    const f = jitOn(traced.step, native)
    for (let step = 0; step < 8; step++) {
      const [a, b] = [await f(), plain.step()]
      expect(values(a)[0]).toBeCloseTo(values(b)[0]!, 5)
      expect(values(traced.error())[0]).toBeCloseTo(values(plain.error())[0]!, 5)
    }
    values(traced.w).forEach((value, index) => {
      expect(value).toBeCloseTo(values(plain.w)[index]!, 5)
    })
    expect(f.traces).toBe(1)
    await f.dispose()
  })

  it('keeps tensors from outside as they were at the trace', async () => {
    const outside = tf.tensor1d([5, 6])
    const f = jitOn((x: tf.Tensor) => tf.add(x, outside), native)
    expect(values(await f(tf.tensor1d([1, 1])))).toEqual([6, 7])
    expect(values(outside)).toEqual([5, 6])
    await f.dispose()
  })

  it('gives back inputs, constants and the same tensor twice', async () => {
    const f = jitOn((x: tf.Tensor) => [x, tf.scalar(4), x, tf.zeros([2]), tf.clone(x)], native)
    const x = tf.tensor1d([1, 2])
    const results = await f(x)
    x.dispose()
    expect(results.map(values)).toEqual([[1, 2], [4], [1, 2], [0, 0], [1, 2]])
    await f.dispose()
  })

  it('leaves no tensor behind', async () => {
    const w = tf.variable(tf.ones([2, 2]))
    const f = jitOn(
      (x: tf.Tensor2D) => tf.grad((z: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(z as tf.Tensor2D, w as tf.Tensor2D))))(x),
      native,
    )
    const x = tf.ones([3, 2]) as tf.Tensor2D
    const { numTensors, numDataBuffers } = tf.memory()
    for (let call = 0; call < 20; call++) (await f(x)).dispose()
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers })
    await f.dispose()
    w.dispose()
  })

  it('starts again after the worker died', async () => {
    const w = tf.variable(tf.scalar(3))
    const f = jitOn((x: tf.Tensor) => tf.mul(x, w), native)
    await f(tf.scalar(1))
    await (await (await native()).runtime()).stop()
    expect(values(await f(tf.scalar(2)))).toEqual([6])
    await f.dispose()
    w.dispose()
  })
})

describe('jit refuses', () => {
  async function refusal(fn: (x: tf.Tensor) => unknown): Promise<KdError> {
    const error = await jitOn(fn, native)(tf.ones([2, 2])).catch((error: unknown) => error)
    expect(KdError.isInstance(error, 'engine'), String(error)).toBe(true)
    return error as KdError
  }

  it('a kernel that it can not trace, by name and line', async () => {
    const { what, where, fix } = await refusal((x) => tf.unique(tf.reshape(x, [-1])).values)
    expect(what).toContain('kernel Unique: it has a result whose shape depends on values')
    expect(where.file).toBe(here)
    expect(where.line).toBeGreaterThan(100)
    expect(fix).toContain('other operations')
  })

  it.each([
    ['dataSync', (x: tf.Tensor) => (x.dataSync()[0]! > 0 ? x : tf.neg(x))],
    ['arraySync', (x: tf.Tensor) => tf.mul(x, (tf.sum(x).arraySync() as number) + 1)],
    ['print', (x: tf.Tensor) => x.print()],
  ])('the reading of values by %s, with the line and what to do', async (_, fn) => {
    const { what, where, fix } = await refusal(fn)
    expect(what).toContain('reads the values of a tensor')
    expect(where.file).toBe(here)
    expect(fix).toContain('tf.where')
  })

  it('complex numbers, an async function, a jitted function inside', async () => {
    expect((await refusal((x) => tf.complex(x, x))).what).toContain('complex')
    expect((await refusal(async (x) => x)).what).toContain('async')
    const inner = jitOn((x: tf.Tensor) => tf.neg(x), native)
    expect((await refusal((x) => inner(x))).what).toContain('inside another one')
  })

  it('too many signatures, with the last ones', async () => {
    const f = jitOn((x: tf.Tensor, step: number) => tf.mul(x, step), native)
    const error = await (async () => {
      for (let step = 0; step < 70; step++) await f(tf.scalar(1), step)
    })().catch((error: unknown) => error)
    expect(String(error)).toContain('argument 2 changes with the calls: it is 64 now and was 61, 62, 63')
    expect(f.traces).toBe(64)
    await f.dispose()
  })

  it('and leaves variables as they were', async () => {
    const w = tf.variable(tf.tensor1d([1, 2]))
    await refusal((x) => {
      w.assign(tf.mul(w, 2))
      return tf.unique(tf.reshape(x, [-1])).values
    })
    expect(values(w)).toEqual([1, 2])
    expect(values(tf.add(w, 1))).toEqual([2, 3])
    const f = jitOn((x: tf.Tensor) => tf.mul(x, w), native)
    expect(values(await f(tf.scalar(2)))).toEqual([2, 4])
    await f.dispose()
    w.dispose()
  })
})
