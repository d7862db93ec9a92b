import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { dropoutUse, dropoutWords } from './dropout.ts'
import type { RandomGenerator, RandomUse } from './random-use.ts'
import type { OnnxTensor } from './tensor.ts'
import { tensorOf } from './trace/backend.ts'
import type { Graph } from './trace/graph.ts'

export type { RandomUse }

type Values = Float32Array | Int32Array | Uint8Array

interface TensorMaker {
  makeTensor(values: Values, shape: number[], dtype?: RandomUse['dtype'], backend?: unknown): tf.Tensor
  state: { activeScope: object | null; scopeStack: readonly { name: string }[] }
}

/**
 * Runs `body`, in which TensorFlow.js's random functions give the tensors of `onUse`. They are plain JavaScript that ends
 * in a constant, so nothing of them reaches a backend: what is caught is the making of a generator without a seed (it
 * asks Math.random, then sets its own field `random` or `randu`) and the next tensor that is made. Uses with a seed of
 * their own are left alone: they give the same numbers each time in TensorFlow.js too.
 */
export function withRandomOps<T>(onUse: (use: RandomUse) => tf.Tensor, body: () => T): T {
  const engine = tf.engine() as unknown as TensorMaker
  const drawn = Math.random
  let asking: object | null = null
  let pending: RandomGenerator | undefined
  const catchField = (field: 'random' | 'randu') =>
    Object.defineProperty(Object.prototype, field, {
      configurable: true,
      set(this: object, value: unknown) {
        Object.defineProperty(this, field, { value, writable: true, enumerable: true, configurable: true })
        if (asking && asking === engine.state.activeScope) pending = this as RandomGenerator
        asking = null
      },
    })
  Math.random = () => {
    asking = engine.state.activeScope
    return drawn()
  }
  engine.makeTensor = function (this: TensorMaker, values, shape, dtype = 'float32', backend) {
    const generator = pending
    pending = undefined
    if (generator) {
      const within = engine.state.scopeStack.at(-2)?.name.startsWith('dropout_')
      return onUse({ generator, shape, dtype, noise: Boolean(within) && generator.min === 0 && generator.range === 1 })
    }
    const { makeTensor } = Object.getPrototypeOf(engine) as TensorMaker
    return makeTensor.call(engine, values, shape, dtype, backend)
  }
  catchField('random')
  catchField('randu')
  try {
    return body()
  } finally {
    const shared = Object.prototype as Partial<RandomGenerator>
    delete shared.random
    delete shared.randu
    delete (engine as Partial<TensorMaker>).makeTensor
    Math.random = drawn
  }
}

/** Runs `body` untraced; its random numbers are those that a graph would be fed at this step. */
export function drawing<T>(seed: number, step: number, body: () => T): T {
  let index = 0
  return withRandomOps((use) => tf.tensor(randomValues(use, seed, step, index++) as Float32Array, [...use.shape], use.dtype), body)
}

/** The numbers of the `index`th use in a step: a function of (seed, step, index) and the use alone. */
export function randomValues(use: RandomUse, seed: number, step: number, index: number): Values {
  const size = use.shape.reduce((product, side) => product * side, 1)
  const values = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[use.dtype]
  const out = new values(size)
  if (use.noise) {
    const { rows, columns } = dropoutWords(seed, step, index, dropoutUse(use.shape))
    let at = 0
    // As the graph computes it: the product of two words, rounded to float32, in [0, 1].
    for (const row of rows) for (const column of columns) out[at++] = Math.fround(Math.imul(row, column)) * 2 ** -32 + 0.5
    return out
  }
  const random = new Random(seed, 'tf.random').at(step, index)
  const generator = drawingFrom(use.generator, () => random.uint32() / 2 ** 32)
  for (let i = 0; i < size; i++) out[i] = generator.nextValue()
  return out
}

/** A fresh generator of the same distribution. */
function drawingFrom(generator: RandomGenerator, random: () => number): RandomGenerator {
  const fresh = Object.assign(Object.create(Object.getPrototypeOf(generator) as object) as RandomGenerator, generator, {
    nextVal: Number.NaN,
  })
  if (generator.random) fresh.random = random
  if (generator.randu) fresh.randu = random
  if (generator.randn) fresh.randn = drawingFrom(generator.randn, random)
  return fresh
}

/** The use inside a trace: its numbers are inputs of the graph. */
export function traceRandom(graph: Graph, use: RandomUse, index: number): tf.Tensor {
  if (!use.noise) return tensorOf(graph.input(randomInput(index), use.dtype, use.shape))
  const { rows, columns } = dropoutUse(use.shape)
  const row = graph.input(randomInput(index, 'rows'), 'int32', [rows, 1])
  const column = graph.input(randomInput(index, 'columns'), 'int32', [1, columns])
  const word = graph.op('Mul', [row, column], 'int32', [rows, columns])
  const whole = graph.op('Cast', [word], 'float32', [rows, columns], { attributes: { to: 1 } })
  const scaled = graph.op('Mul', [whole, graph.scalar('float32', 2 ** -32)], 'float32', [rows, columns])
  const noise = graph.op('Add', [scaled, graph.scalar('float32', 0.5)], 'float32', [rows, columns])
  return tf.reshape(tensorOf(noise), [...use.shape])
}

const randomInput = (index: number, part = 'values'): string => `random ${index} ${part}`

/** What a graph with these uses is fed at a step. */
export function randomFeeds(uses: readonly RandomUse[], seed: number, step: number): Record<string, OnnxTensor> {
  const feeds: Record<string, OnnxTensor> = {}
  uses.forEach((use, index) => {
    if (!use.noise) {
      feeds[randomInput(index)] = { data: randomValues(use, seed, step, index), shape: use.shape }
      return
    }
    const sides = dropoutUse(use.shape)
    const { rows, columns } = dropoutWords(seed, step, index, sides)
    feeds[randomInput(index, 'rows')] = { data: rows, shape: [sides.rows, 1] }
    feeds[randomInput(index, 'columns')] = { data: columns, shape: [1, sides.columns] }
  })
  return feeds
}
