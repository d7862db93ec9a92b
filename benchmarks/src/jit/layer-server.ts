// Our side of the row bert-layer: one layer on fixed inputs, forward, backward, Adam.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Random, writeSafetensors } from '@kd/core'
import { adam, trainStep } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import { serve } from '../servers.ts'
import { oneAhead } from './ahead.ts'
import { bertLayer, firstWeights, type LayerWeights, layerNames, layerSizes } from './bert.ts'
import { asShipped } from './shipped.ts'

const [folder, ways = 'parts', count = '20'] = process.argv.slice(2)
if (!folder) throw new Error('usage: layer-server FOLDER [parts|whole] [STEPS]')
const [batch, length, hidden, inner, heads, steps] = [32, 32, 384, 1536, 12, Number(count)]

await asShipped()
const sizes = layerSizes(hidden, inner)
const first = Object.fromEntries(layerNames.map((name) => [name, firstWeights(name, sizes[name])]))
const weights = Object.fromEntries(layerNames.map((name) => [name, tf.variable(tf.tensor(first[name]!, [...sizes[name]]))]))
const random = new Random(1, 'inputs')
const x = { data: Float32Array.from({ length: batch * length * hidden }, () => random.normal()), shape: [batch, length, hidden] }

const step = trainStep({
  variables: Object.values(weights),
  optimizer: adam({ learningRate: 1e-4 }),
  seed: 1,
  ...(ways === 'parts' ? { parallel: { loss: 'mean' as const } } : {}),
  loss({ inputs }) {
    const [batch] = inputs.x!.shape as [number]
    const rows = tf.reshape(inputs.x!, [batch * length, hidden]) as tf.Tensor2D
    return tf.mean(tf.square(bertLayer(rows, weights as unknown as LayerWeights, { batch, length, heads }))) as tf.Scalar
  },
})

let firstStep: number | undefined
await serve({
  async prepare() {
    const tensors = Object.fromEntries(layerNames.map((name) => [name, { data: first[name]!, shape: [...sizes[name]] }]))
    await writeFile(join(folder, 'layer.safetensors'), writeSafetensors({ ...tensors, x }))
    // Forward, weights and inputs of each product; nobody asks for the gradient of the layer's inputs.
    const products = 2 * length * (hidden * 3 * hidden * 2 + (hidden * hidden + 2 * hidden * inner) * 3)
    return { operations: products + 2 * 2 * length * length * hidden * 3 }
  },
  async epoch() {
    const begun = performance.now()
    let loss = 0
    await oneAhead(
      Array(steps).fill({ inputs: { x } }),
      (batch) => step.run(batch),
      (done) => {
        loss = done.loss
        firstStep ??= performance.now() - begun
      },
    )
    return {
      value: (1000 * steps * batch) / (performance.now() - begun),
      loss,
      first: firstStep,
      megabytes: process.resourceUsage().maxRSS / 1000,
    }
  },
})
await step.dispose()
