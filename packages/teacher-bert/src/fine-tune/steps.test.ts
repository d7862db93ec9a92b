import { readFile } from 'node:fs/promises'
import { readSafetensors } from '@kd/core'
import { adamW, trainStep } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { parseConfig } from '../checkpoint/config.ts'
import { matrixValues } from '../checkpoint/matrix.ts'
import { readWeights } from '../checkpoint/read-weights.ts'
import { batchInputs } from './batch-inputs.ts'
import { modelLoss } from './model-loss.ts'
import { parametersOf, tableOf, weightsOf } from './parameters.ts'

interface Expected {
  ids: number[][]
  mask: number[][]
  types: number[][]
  labels: number[]
  step_losses: number[]
  weights_after: Record<string, number[] | number[][]>
}

const fixture = (name: string) => readFile(new URL(`../../fixtures/tiny-bert/${name}`, import.meta.url))

it("makes PyTorch's 20 AdamW steps of tiny-bert", async () => {
  const config = parseConfig(JSON.parse(String(await fixture('config.json'))))
  const weights = readWeights(readSafetensors(await fixture('model.safetensors')).tensors, config, 'model.safetensors')
  const expected: Expected = JSON.parse(String(await fixture('expected.json')))
  const encodings = expected.ids.map((ids, row) => {
    const length = expected.mask[row]!.reduce((a, b) => a + b)
    return { ids: Int32Array.from(ids.slice(0, length)), types: Int32Array.from(expected.types[row]!.slice(0, length)) }
  })
  const targets = expected.labels.map((value) => ({ value, weight: 1 }))
  const batch = batchInputs(encodings, targets, { size: 4, length: 10, regression: false }, config)

  const before = tf.memory().numTensors
  const parameters = parametersOf(weights)
  const decaying = new Set(parameters.variables.filter(({ decays }) => decays).map(({ variable }) => variable))
  const step = trainStep({
    variables: parameters.variables.map(({ variable }) => variable),
    tables: [tableOf(parameters, true)],
    optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.05 }),
    decay: (variable) => (decaying.has(variable) ? 0.05 : 0),
    loss: modelLoss(parameters, config, {}, false),
    parallel: { loss: 'sum' },
    seed: 0,
  })
  for (const [index, wanted] of expected.step_losses.entries()) {
    const { loss } = await step.run(batch)
    expect(Math.abs(loss - wanted), `loss of step ${index + 1}`).toBeLessThan(1e-5)
  }
  await step.sync()
  const after = weightsOf(parameters)
  await step.dispose()
  parameters.dispose()
  expect(tf.memory().numTensors).toBe(before)

  const found: Record<string, Float32Array> = {
    'classifier.weight': matrixValues(after.classifier.weight),
    'bert.pooler.dense.weight': matrixValues(after.pooler.weight),
    'bert.encoder.layer.1.output.dense.bias': after.layers[1]!.output.bias,
    'bert.encoder.layer.0.attention.self.query.weight': matrixValues(after.layers[0]!.query.weight),
  }
  const off = (actual: Float32Array, wanted: readonly number[]) => Math.max(...wanted.map((value, i) => Math.abs(value - actual[i]!)))
  for (const [name, values] of Object.entries(found)) expect(off(values, expected.weights_after[name]!.flat()), name).toBeLessThan(1e-4)

  // PyTorch's decay moves rows of tokens that no text holds as well; here they stay.
  const [words, first] = [matrixValues(after.wordEmbeddings), matrixValues(weights.wordEmbeddings)]
  const used = new Set([...encodings.flatMap(({ ids }) => [...ids]), config.padding])
  const rows = expected.weights_after['bert.embeddings.word_embeddings.weight'] as number[][]
  for (const [row, wanted] of rows.entries()) {
    const now = words.subarray(row * config.embedding, (row + 1) * config.embedding)
    if (used.has(row)) expect(off(now, wanted), `word ${row}`).toBeLessThan(1e-4)
    else expect(now).toEqual(first.subarray(row * config.embedding, (row + 1) * config.embedding))
  }
})
