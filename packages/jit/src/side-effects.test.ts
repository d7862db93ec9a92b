import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitOn } from './jit.ts'
import { engineNames, testEngine } from './testing/engines.ts'

const here = import.meta.url.replace('file://', '')
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const vector = (...numbers: number[]) => tf.tensor1d(numbers)
const native = testEngine('onnxruntime-node')

async function refusal(call: Promise<unknown>): Promise<KdError> {
  const error = await call.catch((error: unknown) => error)
  expect(KdError.isInstance(error, 'engine'), String(error)).toBe(true)
  return error as KdError
}

beforeAll(async () => {
  for (const name of engineNames) await testEngine(name)()
  await tf.setBackend('cpu')
})

describe.each(engineNames)('side effects on %s', (name) => {
  const engine = testEngine(name)

  it('several functions share variables, called without waiting', async () => {
    const w = tf.variable(vector(1, 2))
    const double = jitOn(() => w.assign(tf.mul(w, 2)), engine)
    const increase = jitOn((x: tf.Tensor) => {
      w.assign(tf.add(w, x))
      return tf.sum(w)
    }, engine)
    const pending = [double(), increase(tf.scalar(1)), double(), increase(tf.scalar(3))] as Promise<tf.Tensor>[]
    const results = await Promise.all(pending)
    expect(values(results[1]!)).toEqual([8])
    expect(values(results[3]!)).toEqual([22])
    expect(values(w)).toEqual([9, 13])
    await double.dispose()
    expect(values(await increase(tf.scalar(1)))).toEqual([24])
    await increase.dispose()
    expect(values(w)).toEqual([10, 14])
    w.dispose()
  })

  it('a variable is assigned outside between calls, to a tensor, another variable, a clone of its past', async () => {
    const [a, b] = [tf.variable(vector(1, 1)), tf.variable(vector(5, 5))]
    const f = jitOn((x: tf.Tensor) => {
      a.assign(tf.add(a, x))
      return tf.add(a, tf.mul(b, 100)) as tf.Tensor
    }, engine)
    const one = tf.scalar(1)
    expect(values(await f(one))).toEqual([502, 502])
    const past = a.clone()
    a.assign(vector(7, 8))
    expect(values(await f(one))).toEqual([508, 509])
    b.assign(a)
    expect(values(await f(one))).toEqual([809, 910])
    expect(values(b)).toEqual([8, 9])
    a.assign(past)
    expect(values(await f(one))).toEqual([803, 903])
    expect([values(past), values(a), values(b)]).toEqual([
      [2, 2],
      [3, 3],
      [8, 9],
    ])
    await f.dispose()
  })

  it('variables that share their data at the trace part later', async () => {
    const shared = vector(1, 2)
    const [a, b] = [tf.variable(shared), tf.variable(shared)]
    const f = jitOn(() => [tf.add(a, 0), tf.add(b, 0), tf.add(shared, 0)], engine)
    await f()
    a.assign(vector(3, 4))
    expect((await f()).map(values)).toEqual([
      [3, 4],
      [1, 2],
      [1, 2],
    ])
    await f.dispose()
  })

  it('a variable is assigned to a captured tensor, and to another variable', async () => {
    const outside = vector(4, 5)
    const [a, b] = [tf.variable(vector(0, 0)), tf.variable(vector(1, 1))]
    const f = jitOn((x: tf.Tensor) => {
      const before = tf.add(a, x)
      a.assign(b)
      b.assign(outside as tf.Tensor1D)
      return before
    }, engine)
    const zero = tf.scalar(0)
    expect([values(await f(zero)), values(await f(zero)), values(await f(zero))]).toEqual([
      [0, 0],
      [1, 1],
      [4, 5],
    ])
    expect(values(outside)).toEqual([4, 5])
    a.dispose()
    b.dispose()
    expect(values(outside)).toEqual([4, 5])
  })

  it('a variable is an argument', async () => {
    const [a, b] = [tf.variable(vector(1)), tf.variable(vector(10))]
    const f = jitOn((w: tf.Variable, x: tf.Tensor) => {
      w.assign(tf.add(w, x))
      return w
    }, engine)
    await f(a, vector(1))
    await f(b, vector(2))
    expect(values(await f(a, vector(3)))).toEqual([5])
    expect([values(a), values(b)]).toEqual([[5], [12]])
    await f.dispose()
  })

  it('the same tensor twice, and gradients by each place', async () => {
    const f = jitOn(
      (x: tf.Tensor, y: tf.Tensor) => tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, tf.square(b))))([x, y]),
      engine,
    )
    const x = vector(2, 3)
    expect((await f(x, x)).map(values)).toEqual([
      [4, 9],
      [8, 18],
    ])
    await f.dispose()
  })

  it('results that are arguments, variables or equal are tensors of their own', async () => {
    const w = tf.variable(vector(9))
    const f = jitOn((x: tf.Tensor) => ({ x, again: x, w: w as tf.Tensor, constant: tf.scalar(4) }), engine)
    const x = vector(1, 2)
    const result = await f(x)
    x.dispose()
    result.again.dispose()
    w.assign(vector(8))
    expect([values(result.x), values(result.w), values(result.constant)]).toEqual([[1, 2], [9], [4]])
    result.w.dispose()
    expect(values(w)).toEqual([8])
    await f.dispose()
  })

  it('arguments may be disposed of, inside tf.tidy too, before their turn comes', async () => {
    const f = jitOn((x: tf.Tensor) => tf.mul(x, 2), engine)
    let pending: Promise<tf.Tensor>[] = []
    tf.tidy(() => {
      pending = [f(vector(1)), f(vector(2))]
    })
    expect((await Promise.all(pending)).map(values)).toEqual([[2], [4]])
    const gone = vector(1)
    gone.dispose()
    await expect(f(gone)).rejects.toThrow('argument 1 has a tensor that has been disposed of')
    await f.dispose()
  })

  it('tf.tidy inside frees what it made, tensors and memory stay flat over 1,000 calls', async () => {
    const w = tf.variable(tf.ones([2, 2]))
    const f = jitOn((x: tf.Tensor2D) => {
      const y = tf.tidy(() => tf.tanh(tf.matMul(x, w as tf.Tensor2D)))
      w.assign(tf.mul(w, 0.999))
      return y
    }, engine)
    const x = tf.ones([3, 2]) as tf.Tensor2D
    ;(await f(x)).dispose()
    const { numTensors, numDataBuffers, numBytes } = tf.memory()
    for (let call = 0; call < 1000; call++) (await f(x)).dispose()
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers, numBytes })
    expect(values(w)[0]).toBeCloseTo(0.999 ** 1001, 4)
    await f.dispose()
    w.dispose()
    x.dispose()
    expect(tf.memory().numTensors).toBe(numTensors - 2)
  })

  it('refuses async functions and jitted functions inside', async () => {
    expect((await refusal(jitOn(async (x: tf.Tensor) => x, engine)(vector(1)))).what).toContain('async')
    const inner = jitOn((x: tf.Tensor) => tf.neg(x), engine)
    const { what, where } = await refusal(jitOn((x: tf.Tensor) => inner(x), engine)(vector(1)))
    expect(what).toContain('inside another one')
    expect(where.file).toBe(here)
  })
})

describe('held variables', () => {
  it('stay with the engine until they are read, cloned values as they were', async () => {
    const w = tf.variable(vector(1, 2, 3))
    const f = jitOn(() => {
      w.assign(tf.add(w, 1))
    }, native)
    await f()
    const [read, clone, reshaped] = [w.dataSync(), w.clone(), tf.reshape(w, [3, 1])]
    const later = w.data()
    for (let call = 0; call < 4; call++) await f()
    const sum = tf.add(w, clone)
    for (let call = 0; call < 4; call++) await f()
    expect([read, clone.dataSync(), reshaped.dataSync(), await later].map((found) => Array.from(found))).toEqual(Array(4).fill([2, 3, 4]))
    expect([values(sum), values(w)]).toEqual([
      [8, 10, 12],
      [10, 11, 12],
    ])
    tf.dispose([clone, reshaped, sum])
    await f.dispose()
    expect(values(w)).toEqual([10, 11, 12])
    w.dispose()
  })

  it('of type int32 and bool, scalars and empty ones', async () => {
    const all = [tf.variable(tf.scalar(3, 'int32')), tf.variable(tf.tensor1d([true, false], 'bool')), tf.variable(tf.zeros([0, 2]))]
    const [count, flags, empty] = all as [tf.Variable, tf.Variable, tf.Variable]
    const f = jitOn(() => {
      count.assign(tf.add(count, tf.scalar(1, 'int32')))
      flags.assign(tf.logicalNot(flags))
      empty.assign(tf.mul(empty, 2))
    }, native)
    await f()
    await f()
    await f()
    expect(all.map(values)).toEqual([[6], [0, 1], []])
    await f.dispose()
  })

  it('a call that assigns what is assigned meanwhile is refused and changes nothing', async () => {
    const [v, w] = [tf.variable(vector(1)), tf.variable(vector(1))]
    const f = jitOn(() => {
      v.assign(tf.add(v, 1))
      w.assign(tf.add(w, 1))
    }, native)
    await f()
    const running = f()
    // Behind the run, before its answer.
    await Promise.resolve()
    const assigned = new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => w.assign(vector(50)))
    const settled = await running.catch((error: unknown) => error as KdError)
    await assigned
    if (settled) {
      expect(settled.what).toContain(`the variable ${w.name} was assigned while`)
      expect(values(v)).toEqual([2])
    }
    expect(values(w)).toEqual([50])
    await f.dispose()
  })

  it('disposed of after the trace are named', async () => {
    const w = tf.variable(vector(1), true, 'kernel of a test')
    const f = jitOn((x: tf.Tensor) => tf.mul(x, w), native)
    await f(vector(2))
    w.dispose()
    expect((await refusal(f(vector(2)))).what).toContain('kernel of a test, which the traced function uses, has been disposed of')
    await f.dispose()
  })
})

describe('what a trace can not hold is refused with its line', () => {
  it.each([
    ['reading a variable', 'reads the values of a tensor', (x: tf.Tensor, w: tf.Variable) => (w.dataSync()[0]! > 0 ? x : tf.neg(x))],
    [
      'reading that the function itself hides',
      'reads the values of a tensor',
      (x: tf.Tensor) => {
        try {
          x.dataSync()
        } catch {}
        return x
      },
    ],
    [
      'reading that nobody waits for',
      'reads the values of a tensor',
      (x: tf.Tensor) => {
        void x.data()
        return x
      },
    ],
    [
      'a variable created at each call',
      'creates the variable',
      (x: tf.Tensor) => {
        const sum = tf.variable(tf.zeros([1]))
        sum.assign(tf.add(sum, x))
        return sum as tf.Tensor
      },
    ],
    [
      'a variable created from what is traced',
      'created from values that jit is tracing',
      (x: tf.Tensor) => tf.variable(tf.neg(x)) as tf.Tensor,
    ],
    [
      'a variable disposed of',
      'disposes of the variable',
      (x: tf.Tensor, w: tf.Variable) => {
        w.dispose()
        return x
      },
    ],
  ])('%s', async (_, message, fn) => {
    const w = tf.variable(vector(1))
    const before = Object.keys(tf.engine().registeredVariables).length
    const { what, where, fix } = await refusal(jitOn((x: tf.Tensor) => fn(x, w), native)(vector(2)))
    expect(what).toContain(message)
    expect(where.file).toBe(here)
    expect(fix).toBeTruthy()
    expect(values(w)).toEqual([1])
    expect(Object.keys(tf.engine().registeredVariables)).toHaveLength(before)
  })

  it('a tensor that outlives its trace', async () => {
    let escaped: tf.Tensor | undefined
    const f = jitOn((x: tf.Tensor) => {
      escaped = tf.keep(tf.square(x))
      return escaped
    }, native)
    expect(values(await f(vector(3)))).toEqual([9])
    expect(() => escaped!.dataSync()).toThrow('outside of that call')
    expect(() => tf.add(escaped!, 1)).toThrow('outside of that call')
    const later = jitOn((x: tf.Tensor) => tf.add(x, escaped!), native)
    expect((await refusal(later(vector(1)))).what).toContain('outside of that call')
  })

  it('a variable created at the first call only is found at the next', async () => {
    let count: tf.Variable | undefined
    let runs = 0
    const f = jitOn(() => {
      runs++
      count ??= tf.variable(tf.scalar(5))
      count.assign(tf.add(count, 1))
      return count as tf.Tensor
    }, native)
    expect([values(await f()), values(await f())]).toEqual([[6], [7]])
    expect([runs, f.traces, values(count!)]).toEqual([2, 1, [7]])
    await f.dispose()
  })

  it('a Math.random of the user and other numbers of JavaScript are frozen', async () => {
    let factor = 2
    const f = jitOn((x: tf.Tensor) => tf.add(tf.mul(x, factor), Math.random()), native)
    const first = values(await f(vector(1)))
    factor = 3
    expect(values(await f(vector(1)))).toEqual(first)
    await f.dispose()
  })
})

describe('signatures', () => {
  it('tell apart shapes, types, values, functions and objects, and name the argument that changes', async () => {
    const f = jitOn(
      (x: tf.Tensor, options: { scale: number; activation: (x: tf.Tensor) => tf.Tensor }) => options.activation(tf.mul(x, options.scale)),
      native,
      { maxTraces: 4 },
    )
    const make = (sign: number) => (x: tf.Tensor) => tf.mul(x, sign)
    const [plus, minus] = [make(1), make(-1)]
    const results = [
      await f(vector(1), { scale: 2, activation: plus }),
      await f(vector(1), { scale: 2, activation: minus }),
      await f(vector(1), { scale: 3, activation: minus }),
      await f(vector(5), { scale: 3, activation: minus }),
    ]
    expect(results.map(values)).toEqual([[2], [-2], [-3], [-15]])
    expect(f.traces).toBe(3)
    await f(vector(1), { scale: 4, activation: minus })
    const error = await refusal(f(vector(1), { scale: 5, activation: minus }))
    expect(error.what).toContain('argument 2.scale changes with the calls: it is 5 now and was 2, 3, 4')
    expect(error.fix).toContain('tf.scalar')
    await f.dispose()
  })

  it('loops over shapes unroll', async () => {
    const f = jitOn((x: tf.Tensor2D) => {
      let sum = tf.zeros([x.shape[1]])
      for (let row = 0; row < x.shape[0]; row++) sum = tf.add(tf.mul(sum, 0.5), tf.reshape(tf.slice(x, [row, 0], [1, -1]), [-1]))
      return sum
    }, native)
    expect(
      values(
        await f(
          tf.tensor2d([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
      ),
    ).toEqual([6.75, 8.5])
    expect(values(await f(tf.tensor2d([[1, 2]])))).toEqual([1, 2])
    expect(f.traces).toBe(2)
    await f.dispose()
  })
})
