import '@tensorflow/tfjs-layers'
import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitOn } from '../jit.ts'
import { expectClose } from '../testing/check-ops.ts'
import { testEngine } from '../testing/engines.ts'

const native = testEngine('onnxruntime-node')
const { NaN: nan, POSITIVE_INFINITY: inf } = Number

beforeAll(async () => {
  await native()
}, 60_000)

type Functions = Record<string, (...inputs: tf.Tensor[]) => tf.Tensor>

/** All functions of the same inputs in one graph, each result against TensorFlow.js's own. */
async function check(functions: Functions, inputs: tf.Tensor[], tolerance = 2e-6): Promise<void> {
  const traced = jitOn((...given: tf.Tensor[]) => Object.values(functions).map((fn) => fn(...given)), native)
  const found = await traced(...inputs)
  for (const [index, [name, fn]] of Object.entries(functions).entries()) expectClose([found[index]!], [fn(...inputs)], tolerance, name)
  await traced.dispose()
}

const special = [
  nan,
  inf,
  -inf,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  0.9,
  -0.99,
  1e-4,
  -1e-4,
  1e-20,
  3e38,
  -3e38,
  20,
  -20,
  100,
  -100,
  1e4,
]

const unary: Functions = {
  abs: tf.abs,
  acos: tf.acos,
  acosh: tf.acosh,
  asin: tf.asin,
  asinh: tf.asinh,
  atan: tf.atan,
  atanh: tf.atanh,
  ceil: tf.ceil,
  clip: (x) => tf.clipByValue(x!, -1, 3),
  cos: tf.cos,
  cosh: tf.cosh,
  elu: tf.elu,
  erf: tf.erf,
  exp: tf.exp,
  expm1: tf.expm1,
  floor: tf.floor,
  isFinite: tf.isFinite,
  isInf: tf.isInf,
  isNaN: tf.isNaN,
  leakyRelu: (x) => tf.leakyRelu(x!, 0.2),
  log: tf.log,
  log1p: tf.log1p,
  logSigmoid: tf.logSigmoid,
  neg: tf.neg,
  reciprocal: tf.reciprocal,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  rsqrt: tf.rsqrt,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  sign: tf.sign,
  sin: tf.sin,
  sinh: tf.sinh,
  softplus: tf.softplus,
  sqrt: tf.sqrt,
  square: tf.square,
  step: (x) => tf.step(x!),
  stepWithSlope: (x) => tf.step(x!, 0.3),
  tan: tf.tan,
  tanh: tf.tanh,
  toBool: (x) => tf.cast(x!, 'bool'),
  toInteger: (x) => tf.cast(x!, 'int32'),
}

const binary: Functions = {
  add: tf.add,
  addN: (a, b) => tf.addN([a!, b!]),
  atan2: tf.atan2,
  div: tf.div,
  divNoNan: tf.divNoNan,
  equal: tf.equal,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  maximum: tf.maximum,
  minimum: tf.minimum,
  mod: tf.mod,
  mul: tf.mul,
  notEqual: tf.notEqual,
  pow: tf.pow,
  sub: tf.sub,
  squaredDifference: tf.squaredDifference,
}

/** Every number with every number. */
function pairs(values: readonly number[], type: 'float32' | 'int32'): [tf.Tensor, tf.Tensor] {
  const [a, b] = [values.flatMap((value) => values.map(() => value)), values.flatMap(() => values)]
  return [tf.tensor1d(a, type), tf.tensor1d(b, type)]
}

describe('NaN, infinities and extremes', () => {
  it('functions of one tensor', () => check(unary, [tf.tensor1d(special)]))

  it('functions of two tensors', () => check(binary, pairs(special, 'float32')))

  it('prelu, floor division, choosing', () =>
    check(
      { prelu: (a, b) => tf.prelu(a!, b!), floorDiv: tf.floorDiv, where: (a, b) => tf.where(tf.less(a!, b!), a!, b!) },
      pairs(special, 'float32'),
    ))

  it('integers, zero as a divisor among them', () => {
    const { mul, squaredDifference, ...others } = binary
    return check({ ...others, floorDiv: tf.floorDiv }, pairs([0, 1, -1, 2, -7, 3, 100_000, 2147483647, -2147483648], 'int32'))
  })

  it('floats beyond the integers, as JavaScript keeps them', () =>
    check({ toInteger: (x) => tf.cast(x!, 'int32') }, [
      tf.tensor1d([2147483648, 4e9, -4e9, 1e10, -2147483904, 1e19, -3e19, 3e38, 16777217]),
    ]))

  const matrix = tf.tensor2d([
    [1, nan, 3, 2],
    [nan, 1, 2, 3],
    [-inf, nan, nan, -inf],
    [inf, nan, inf, 2],
    [-inf, -inf, -inf, -inf],
    [3, 3, 1, 3],
    [0, -0, 0, -0],
  ])
  it.each([0, 1])('along axis %d', (axis) =>
    check(
      {
        max: (x) => tf.max(x!, axis),
        min: (x) => tf.min(x!, axis),
        sum: (x) => tf.sum(x!, axis),
        mean: (x) => tf.mean(x!, axis),
        prod: (x) => tf.prod(x!, axis),
        argMax: (x) => tf.argMax(x!, axis),
        argMin: (x) => tf.argMin(x!, axis),
        cumsum: (x) => tf.cumsum(x!, axis),
        cumprod: (x) => tf.cumprod(x!, axis),
        logSumExp: (x) => tf.logSumExp(x!, axis),
      },
      [matrix],
    ),
  )

  it('softmax, products, look-ups', () =>
    check(
      {
        softmax: (x) => tf.softmax(x!),
        logSoftmax: (x) => tf.logSoftmax(x!),
        matMul: (x) => tf.matMul(x!, x!, false, true),
        einsum: (x) => tf.einsum('ij,kj->ik', x!, x!),
        gather: (x) => tf.gather(x!, tf.tensor1d([3, 0], 'int32')),
        pad: (x) =>
          tf.pad(
            x!,
            [
              [1, 0],
              [0, 0],
            ],
            nan,
          ),
        resize: (x) => tf.image.resizeBilinear(tf.reshape(x!, [1, 7, 4, 1]) as tf.Tensor4D, [5, 3]),
      },
      [matrix],
    ))

  const image = tf.tensor4d([nan, nan, 1, -inf, nan, nan, -inf, -inf, 1, nan, inf, inf, nan, 2, -inf, nan], [1, 4, 4, 1])
  const gradient = (fn: (x: tf.Tensor4D) => tf.Tensor) => (x: tf.Tensor) => tf.grad(fn as (x: tf.Tensor) => tf.Tensor)(x)
  it.each(['valid', 'same'] as const)('pooling, %s', (pad) =>
    check(
      {
        max: (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, pad),
        maxGradient: gradient((x) => tf.maxPool(x, 3, 2, pad)),
        average: (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, pad),
        averageGradient: gradient((x) => tf.avgPool(x, 3, 2, pad)),
        places: (x) => tf.maxPoolWithArgmax(x as tf.Tensor4D, 3, 2, pad).indexes!,
      },
      [image],
    ),
  )

  it('through gradients', () => {
    const slope = (fn: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor | undefined) => tf.grad(fn)(x!)
    return check(
      {
        relu: slope(tf.relu),
        abs: slope(tf.abs),
        elu: slope(tf.elu),
        sigmoid: slope(tf.sigmoid),
        tanh: slope(tf.tanh),
        clip: slope((x) => tf.clipByValue(x, -1, 1)),
      },
      [tf.tensor1d(special)],
    )
  })
})

describe('an index that is not there is an error, and nothing is read elsewhere', () => {
  const table = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])
  const ids = (...values: number[]) => tf.tensor1d(values, 'int32')
  const rows: [string, (x: tf.Tensor, i: tf.Tensor) => tf.Tensor, tf.Tensor[]][] = [
    ['gather', (x, i) => tf.gather(x, i as tf.Tensor1D), [ids(0, 3), ids(0, -1)]],
    ['gather of the last axis', (x, i) => tf.gather(x, i as tf.Tensor1D, 1), [ids(0, 2), ids(-2, 0)]],
    ['gather in batches', (x, i) => tf.gather(x, tf.reshape(i, [3, 1]), 1, 1), [ids(0, 2, 0), ids(0, -1, 0)]],
    ['gatherND', (x, i) => tf.gatherND(x, tf.reshape(i, [1, 2])), [ids(3, 0), ids(0, 2), ids(-1, 0), ids(1, -1)]],
    ['scatterND', (x, i) => tf.scatterND(tf.reshape(i, [3, 1]), x, [3, 2]), [ids(0, 1, 3), ids(0, 1, -1)]],
    ['the gradient of gather', (x, i) => tf.grad((t: tf.Tensor) => tf.sum(tf.gather(t, i as tf.Tensor1D)))(x), [ids(0, 3), ids(0, -1)]],
    [
      'rows added up by look-ups that are joined',
      (x, i) => {
        const found = [i, tf.reverse(i)].map((rows) => tf.gather(x, rows as tf.Tensor1D))
        return tf.unsortedSegmentSum(tf.concat(found), tf.concat([i, tf.reverse(i)]) as tf.Tensor1D, 3)
      },
      [ids(0, 3), ids(0, -1)],
    ],
    [
      'rows added up by look-ups of parts',
      (x, i) => {
        const found = tf.unstack(i).map((row) => tf.gather(x, tf.reshape(row, [1]) as tf.Tensor1D))
        return tf.unsortedSegmentSum(tf.concat(found), i as tf.Tensor1D, 3)
      },
      [ids(0, 3), ids(0, -1)],
    ],
    ['bincount', (_, i) => tf.bincount(i as tf.Tensor1D, tf.tensor1d([]), 3), [ids(0, -1)]],
    ['broadcastArgs', (_, i) => tf.broadcastArgs(i, ids(2, 3)), [ids(2, 2)]],
  ]
  it.each(rows)('%s', async (_, fn, wrong) => {
    const traced = jitOn(fn, native)
    for (const indices of wrong) await expect(traced(table, indices)).rejects.toThrow(/ONNX Runtime failed to run/)
    await traced.dispose()
  })

  it('known beforehand: with the line', async () => {
    const error = await jitOn((x: tf.Tensor) => tf.gather(x, ids(0, 3)), native)(table).catch((error: unknown) => error)
    expect(error).toMatchObject({
      kind: 'engine',
      what: expect.stringContaining('the index 3 is not in [0, 2]'),
      where: { line: expect.any(Number) },
    })
  })

  it('segments that are not there are dropped, as in TensorFlow.js', () =>
    check({ sum: (x, i) => tf.unsortedSegmentSum(x!, i as tf.Tensor1D, 2) }, [table, ids(1, 5, -1)]))
})

describe('what a lowering does not take is refused by name', () => {
  const image = () => tf.ones([1, 4, 4, 2]) as tf.Tensor4D
  const rows: [string, () => tf.Tensor | tf.Tensor[], string][] = [
    ['truth values as numbers', () => tf.add(tf.ones([2], 'bool'), tf.ones([2], 'bool')), 'Add: it is given truth values'],
    ['functions of truth values', () => tf.neg(tf.ones([2], 'bool')), 'Neg: it is given truth values'],
    [
      'products of truth values',
      () => tf.matMul(tf.ones([2, 2], 'bool'), tf.ones([2, 2], 'bool')),
      'BatchMatMul: it is given truth values',
    ],
    [
      'pooling of integers',
      () => tf.maxPool(tf.ones([1, 4, 4, 2], 'int32') as tf.Tensor4D, 2, 2, 'same'),
      'MaxPool: it is given a tensor of type int32',
    ],
    ['empty windows', () => tf.maxPool(image(), 2, 1, 2), 'MaxPool: it has padding as wide as its window'],
    [
      'negative padding',
      () => tf.maxPool3d(tf.ones([1, 6, 6, 6, 1]) as tf.Tensor5D, 2, 3, 'same'),
      'MaxPool3D: it has padding "same" and strides longer than its window',
    ],
    [
      'a rounded size in a gradient',
      () =>
        tf.grad((x: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, tf.ones([2, 2, 2, 1]) as tf.Tensor4D, 2, 1, 'NHWC', 1, 'ceil'))(
          tf.ones([1, 5, 5, 2]),
        ),
      'Conv2DBackpropInput: it has a rounding of its size',
    ],
    [
      'functions of complex numbers',
      () => tf.real(tf.reverse(tf.complex(tf.ones([2]), tf.ones([2])), 0)),
      'Reverse: it is given complex numbers',
    ],
    ['complex results', () => tf.complex(tf.ones([2]), tf.ones([2])), "jit can't give complex tensors back"],
    ['strings', () => tf.tensor1d(['a']) as tf.Tensor, "jit can't trace tensors of type string"],
    ['shapes that depend on values', () => tf.unique(tf.ones([2])).values, 'Unique: it has a result whose shape depends on values'],
  ]
  it.each(rows)('%s', async (_, fn, what) => {
    const error = await jitOn(fn, native)().catch((error: unknown) => error)
    expect(KdError.isInstance(error, 'engine'), String(error)).toBe(true)
    expect((error as KdError).what).toContain(what)
    // What the function returns is looked at after it.
    if (!what.includes('give complex')) expect((error as KdError).where.file).toBe(import.meta.url.replace('file://', ''))
  })
})
