import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import type { Example } from '@kd/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inQuantized } from '../test/quantized.ts'
import { readModel } from './checkpoint/model.ts'
import { tfjsForward } from './forward/tfjs-forward.ts'
import { BertTeacher } from './teacher.ts'

interface Expected {
  parameters: number
  mask: number
  rows: (Example & { ids: number[]; logits: number[] })[]
}

const folderOf = (family: string) => fileURLToPath(new URL(`../fixtures/families/${family}`, import.meta.url))
const expectedOf = async (family: string): Promise<Expected> => JSON.parse(await readFile(join(folderOf(family), 'expected.json'), 'utf8'))
const distance = (actual: ArrayLike<number>, wanted: readonly number[]) =>
  Math.max(...wanted.map((value, i) => Math.abs(value - actual[i]!)))

/** What of its labels and head each fixture has. */
const heads: Record<string, { labels: readonly string[]; problemType: string }> = {
  'bert-cased': { labels: ['no', 'maybe', 'yes'], problemType: 'single_label_classification' },
  distilbert: { labels: ['LABEL_0', 'LABEL_1'], problemType: 'single_label_classification' },
  roberta: { labels: ['LABEL_0'], problemType: 'regression' },
  'xlm-roberta': { labels: ['LABEL_0', 'LABEL_1', 'LABEL_2', 'LABEL_3', 'LABEL_4'], problemType: 'single_label_classification' },
  electra: { labels: ['toxic', 'rude', 'threat', 'spam'], problemType: 'multi_label_classification' },
  mpnet: { labels: ['LABEL_0', 'LABEL_1'], problemType: 'single_label_classification' },
  albert: { labels: ['LABEL_0', 'LABEL_1'], problemType: 'single_label_classification' },
}

beforeAll(async () => {
  tf.env().set('IS_TEST', true) // Without it TensorFlow.js prints an advertisement.
  await tf.setBackend('cpu')
})
afterAll(() => tf.env().set('IS_TEST', false))

describe.each(Object.keys(heads))('%s', (family) => {
  it("gives Python's ids, pairs and long texts cut, `[MASK]` its own mask", async () => {
    const { rows, mask } = await expectedOf(family)
    const { tokenizer, config } = await readModel(folderOf(family))
    const longest = Math.min(tokenizer.truncation!, config.positions)
    for (const { ids, ...example } of rows) expect([...tokenizer.encode(example, longest).ids], example.text).toEqual(ids)
    expect(tokenizer.maskId).toBe(mask)
    expect([...tokenizer.encode({ text: 'a [MASK] film' }, longest).ids].filter((id) => id === mask)).toHaveLength(1)
  })

  it("gives PyTorch's logits on both engines, and nearly so in int8", async () => {
    const { rows, parameters } = await expectedOf(family)
    const wanted = rows.flatMap(({ logits }) => logits)
    const teacher = await BertTeacher.load(folderOf(family), { threads: 1 })
    expect(teacher).toMatchObject({ ...heads[family], parameters: { total: parameters } })
    expect(distance(await teacher.logits(rows), wanted)).toBeLessThan(1e-4)
    await teacher.dispose()

    const model = await readModel(folderOf(family))
    const forward = tfjsForward(model.weights, model.config)
    const plain = new BertTeacher(family, model, forward)
    expect(distance(await plain.logits(rows.slice(0, 5)), wanted.slice(0, 5 * plain.labels.length))).toBeLessThan(1e-4)
    await forward.dispose()

    await inQuantized(folderOf(family), { selfCheck: ['so good', 'a bad film'] }, async (folder) => {
      const quantized = await BertTeacher.load(folder, { threads: 1 })
      expect(quantized.arithmetic).toBe('int8, a scale a token')
      expect(quantized.parameters.total).toBe(parameters)
      const spread = Math.max(...wanted) - Math.min(...wanted)
      expect(distance(await quantized.logits(rows), wanted)).toBeLessThan(0.15 * spread)
      await quantized.dispose()
    })
  })

  it('has word vectors', async () => {
    const teacher = await BertTeacher.load(folderOf(family), { threads: 1 })
    const vectors = await teacher.wordVectors({ dimensions: 4 }).vectorsFor(['good', 'film'])
    expect(vectors.every(Number.isFinite)).toBe(true)
    expect(vectors.subarray(0, 4)).not.toEqual(vectors.subarray(4))
    await teacher.dispose()
  })
})

it('leaves no tensor behind, layers that share their weights included', async () => {
  const before = tf.memory().numTensors
  const { weights, config } = await readModel(folderOf('albert'))
  await tfjsForward(weights, config).dispose()
  expect(tf.memory().numTensors).toBe(before)
})

it('finds the family by the class where config.json lacks a model_type', async () => {
  const place = await mkdtemp(join(tmpdir(), 'kd-family-'))
  try {
    await cp(folderOf('mpnet'), place, { recursive: true })
    const config = JSON.parse(await readFile(join(place, 'config.json'), 'utf8'))
    const { parseConfig } = await import('./checkpoint/config.ts')
    expect(parseConfig({ ...config, model_type: undefined })).toEqual(parseConfig(config))
  } finally {
    await rm(place, { recursive: true })
  }
})
