import { readFile } from 'node:fs/promises'
import { readSafetensors } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BertConfig, parseConfig } from '../checkpoint/config.ts'
import { readWeights } from '../checkpoint/read-weights.ts'
import type { BertWeights } from '../checkpoint/weights.ts'
import { quantizeWeights } from '../quantize/quantize.ts'
import { forwardOn } from './forward.ts'
import type { Forward } from './forward-pass.ts'
import { bertLogits, bertTensors } from './tfjs-bert.ts'
import { tfjsForward } from './tfjs-forward.ts'

interface Expected {
  ids: number[][]
  mask: number[][]
  types: number[][]
  logits: number[][]
}

const fixture = (name: string) => readFile(new URL(`../../fixtures/tiny-bert/${name}`, import.meta.url))
let config: BertConfig
let weights: BertWeights
let expected: Expected

beforeAll(async () => {
  config = parseConfig(JSON.parse(String(await fixture('config.json'))))
  weights = readWeights(readSafetensors(await fixture('model.safetensors')).tensors, config, 'model.safetensors')
  expected = JSON.parse(String(await fixture('expected.json')))
  tf.env().set('IS_TEST', true) // Without it TensorFlow.js prints an advertisement.
  await tf.setBackend('cpu')
})
afterAll(() => tf.env().set('IS_TEST', false))

const distance = (actual: ArrayLike<number>, wanted: readonly number[]) => {
  expect(actual.length).toBe(wanted.length)
  return Math.max(...wanted.map((value, i) => Math.abs(value - actual[i]!)))
}

/** Each row of the fixture without its padding. */
async function largestDistance(forward: Forward): Promise<number> {
  const distances: number[] = []
  for (const [row, ids] of expected.ids.entries()) {
    const length = expected.mask[row]!.reduce((a, b) => a + b)
    const cut = (list: number[]) => Int32Array.from(list.slice(0, length))
    distances.push(distance(await forward.run(cut(ids), cut(expected.types[row]!), [1, length]), expected.logits[row]!))
  }
  return Math.max(...distances)
}

describe('forward', () => {
  const opened: Forward[] = []
  afterAll(async () => {
    for (const forward of opened) await forward.dispose()
  })
  const open = async (forward: Forward | Promise<Forward>) => {
    opened.push(await forward)
    return forward
  }

  it("equals PyTorch's logits of tiny-bert as an ONNX graph", async () => {
    expect(await largestDistance(await open(forwardOn(weights, config, 'float32', 1)))).toBeLessThan(1e-5)
  })

  it("equals PyTorch's logits of tiny-bert in TensorFlow.js, and leaves no tensor behind", async () => {
    const before = tf.memory().numTensors
    const forward = tfjsForward(weights, config)
    const held = tf.memory().numTensors
    expect(await largestDistance(forward)).toBeLessThan(1e-5)
    expect(tf.memory().numTensors).toBe(held)
    await forward.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it("equals PyTorch's logits of tiny-bert in TensorFlow.js with padding under a mask", () => {
    tf.tidy(() => {
      const table = (rows: number[][], type: 'int32' | 'float32') => tf.tensor2d(rows, undefined, type)
      const { ids, types, mask } = expected
      const logits = bertLogits(bertTensors(weights), config, table(ids, 'int32'), table(types, 'int32'), { mask: table(mask, 'float32') })
      expect(distance(logits.dataSync(), expected.logits.flat())).toBeLessThan(1e-5)
    })
  })

  it.each(['gelu', 'gelu_new', 'relu'] as const)('computes %s alike on both engines, and nearly so in int8', async (activation) => {
    const other = { ...config, activation }
    const run = async (forward: Forward) => {
      opened.push(forward)
      return forward.run(Int32Array.from(expected.ids.flat()), Int32Array.from(expected.types.flat()), [4, 10])
    }
    const plain = [...(await run(tfjsForward(weights, other)))]
    expect(distance(await run(await forwardOn(weights, other, 'float32', 1)), plain)).toBeLessThan(1e-5)

    const quantized = quantizeWeights(weights)
    const widened = [...(await run(tfjsForward(quantized, other)))]
    expect(distance(await run(await forwardOn(quantized, other, 'float32', 1)), widened)).toBeLessThan(1e-5)
    const spread = Math.max(...widened) - Math.min(...widened)
    expect(distance(await run(await forwardOn(quantized, other, 'int8', 1)), widened)).toBeLessThan(0.03 * spread)
    expect(distance(widened, plain)).toBeLessThan(0.1 * spread)
  })

  it('has gradients for every weight in TensorFlow.js', async () => {
    await import('@tensorflow/tfjs-layers')
    tf.tidy(() => {
      const tensors = bertTensors(weights)
      const ids = tf.tensor2d(expected.ids, undefined, 'int32')
      const gradient = tf.grads((kernel: tf.Tensor, words: tf.Tensor) => {
        const [first, ...rest] = tensors.layers
        const changed = {
          ...tensors,
          wordEmbeddings: words as tf.Tensor2D,
          layers: [{ ...first!, query: { ...first!.query, kernel: kernel as tf.Tensor2D } }, ...rest],
        }
        return tf.sum(tf.square(bertLogits(changed, config, ids, tf.zerosLike(ids))))
      })
      for (const part of gradient([tensors.layers[0]!.query.kernel, tensors.wordEmbeddings])) {
        expect(tf.max(tf.abs(part)).dataSync()[0]).toBeGreaterThan(0)
      }
    })
  })
})
