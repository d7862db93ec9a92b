// Our side of the row finetune-minilm-l6: all weights of a BERT folder trained on labelled sentences, AdamW, clipping.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { readSafetensors, toFloat32, writeSafetensors } from '@kd/core'
import { adamW, trainStep } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import { serve } from '../servers.ts'
import { oneAhead } from './ahead.ts'
import { bertLayer, firstWeights, type LayerWeights, layerNorm } from './bert.ts'
import { batchesFile, batchesOf, type Encoded, everyFewBatches, readSentences, writeBatches } from './sentences.ts'
import { asShipped } from './shipped.ts'

const [model, tsv, folder, ways = 'parts', count = '320'] = process.argv.slice(2)
if (!model || !tsv || !folder) throw new Error('usage: finetune-server MODEL TSV FOLDER [parts|whole] [SENTENCES]')
const size = 32
await asShipped()

const json = async (file: string) => JSON.parse(await readFile(join(model, file), 'utf8'))
const config = await json('config.json')
const { hidden_size: hidden, num_hidden_layers: depth, num_attention_heads: heads } = config
const tokenizer = new Tokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'))
const sentences: Encoded[] = (await readSentences(tsv)).map(({ text, label }) => ({
  ids: Int32Array.from(tokenizer.encode(text).ids.slice(0, 128)),
  label: Number(label),
}))
const lengthOf = ({ length }: Int32Array) => length
const batches = batchesOf(everyFewBatches(sentences, Number(count), size, lengthOf), size, lengthOf)

const { tensors } = readSafetensors(await readFile(join(model, 'model.safetensors')))
const stored = (name: string): { data: Float32Array; shape: readonly number[] } => {
  const tensor = tensors.get(name)!
  return { data: toFloat32(tensor, name), shape: tensor.shape }
}
const variable = (name: string) => {
  const { data, shape } = stored(name)
  return tf.variable(tf.tidy(() => tf.tensor(data, [...shape])))
}
/** Kernels as products take them: `[inputs, outputs]`. */
const kernel = (name: string) => {
  const { data, shape } = stored(name)
  return tf.variable(tf.tidy(() => tf.transpose(tf.tensor(data, [...shape]))))
}

const words = stored('embeddings.word_embeddings.weight')
const table = { name: 'words', data: words.data, dimensions: hidden, trainable: true }
const positions = variable('embeddings.position_embeddings.weight')
const types = variable('embeddings.token_type_embeddings.weight')
const norm = ['weight', 'bias'].map((part) => variable(`embeddings.LayerNorm.${part}`))
const layers = Array.from({ length: depth }, (_, index): LayerWeights => {
  const at = (name: string) => `encoder.layer.${index}.${name}`
  return {
    'query.kernel': kernel(at('attention.self.query.weight')),
    'query.bias': variable(at('attention.self.query.bias')),
    'key.kernel': kernel(at('attention.self.key.weight')),
    'key.bias': variable(at('attention.self.key.bias')),
    'value.kernel': kernel(at('attention.self.value.weight')),
    'value.bias': variable(at('attention.self.value.bias')),
    'attention.kernel': kernel(at('attention.output.dense.weight')),
    'attention.bias': variable(at('attention.output.dense.bias')),
    'attentionNorm.gain': variable(at('attention.output.LayerNorm.weight')),
    'attentionNorm.bias': variable(at('attention.output.LayerNorm.bias')),
    'inner.kernel': kernel(at('intermediate.dense.weight')),
    'inner.bias': variable(at('intermediate.dense.bias')),
    'output.kernel': kernel(at('output.dense.weight')),
    'output.bias': variable(at('output.dense.bias')),
    'outputNorm.gain': variable(at('output.LayerNorm.weight')),
    'outputNorm.bias': variable(at('output.LayerNorm.bias')),
  }
})
const pooler = [kernel('pooler.dense.weight'), variable('pooler.dense.bias')] as const
const classifier = firstWeights('classifier.kernel', [hidden, 2])
const head = [tf.variable(tf.tensor2d(classifier, [hidden, 2])), tf.variable(tf.zeros([2]))] as const

/** Padded to the longest, as the peer does. */
function batchOf(batch: readonly Encoded[]) {
  const length = Math.max(...batch.map(({ ids }) => ids.length))
  const ids = new Int32Array(size * length)
  const mask = new Float32Array(size * length).fill(-1e9)
  batch.forEach((sentence, row) => {
    ids.set(sentence.ids, row * length)
    mask.fill(0, row * length, row * length + sentence.ids.length)
  })
  const labels = Float32Array.from(batch.flatMap(({ label }) => (label ? [0, 1] : [1, 0])))
  return {
    ids: { data: ids, shape: [size, length] },
    inputs: { mask: { data: mask, shape: [size, 1, 1, length] }, labels: { data: labels, shape: [size, 2] } },
  }
}

const matrices = new Set<tf.Variable>([
  positions,
  types,
  pooler[0],
  head[0],
  ...layers.flatMap((layer) => Object.entries(layer).flatMap(([name, value]) => (name.endsWith('kernel') ? [value as tf.Variable] : []))),
] as tf.Variable[])
const step = trainStep({
  variables: [
    positions,
    types,
    ...norm,
    ...layers.flatMap((layer) => Object.values(layer) as tf.Variable[]),
    ...pooler,
    ...head,
  ] as tf.Variable[],
  tables: [table],
  optimizer: adamW({ learningRate: 5e-5, weightDecay: 0.01 }),
  decay: (variable) => (matrices.has(variable) ? 0.01 : 0),
  clipNorm: 1,
  seed: 1,
  ...(ways === 'parts' ? { parallel: { loss: 'mean' as const } } : {}),
  loss({ inputs, rows, positions: places }) {
    const [batch, length] = places.shape as [number, number]
    const found = tf.gather(rows.words!, places)
    const sum = tf.add(tf.add(found, tf.slice(positions, [0, 0], [length, hidden])), tf.slice(types, [0, 0], [1, hidden]))
    let x = layerNorm(tf.reshape(sum, [batch * length, hidden]) as tf.Tensor2D, norm[0]!, norm[1]!)
    layers.forEach((layer, index) => {
      // Of the last layer only the first token is read.
      x = bertLayer(x, layer, { batch, length, heads }, { mask: inputs.mask, firstOnly: index === depth - 1 })
    })
    const pooled = tf.tanh(tf.add(tf.matMul(x, pooler[0] as tf.Tensor2D), pooler[1])) as tf.Tensor2D
    const logits = tf.add(tf.matMul(pooled, head[0] as tf.Tensor2D), head[1])
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), inputs.labels!), 1))) as tf.Scalar
  },
})

/** Multiplications and additions that an epoch needs: nothing is padded, and of the last layer only the first token is read. */
function operations(): number {
  const inner = config.intermediate_size as number
  const rest = hidden * hidden + 2 * hidden * inner
  let sum = 0
  for (const { ids } of batches.flat()) {
    const { length } = ids
    sum += 6 * (depth - 1) * (length * (3 * hidden * hidden + rest) + 2 * length * length * hidden)
    sum += 6 * (length * 2 * hidden * hidden + hidden * hidden + rest + 2 * length * hidden) + 6 * hidden * hidden
  }
  return sum
}

let firstStep: number | undefined
await serve({
  async prepare() {
    await writeBatches(batchesFile(folder, size), batches)
    const data = Float32Array.from({ length: classifier.length }, (_, at) => classifier[(at % hidden) * 2 + Math.floor(at / hidden)]!)
    await writeFile(join(folder, 'classifier.safetensors'), writeSafetensors({ weight: { data, shape: [2, hidden] } }))
    return { sentences: batches.length * size, operations: operations() / (batches.length * size) }
  },
  async epoch() {
    const begun = performance.now()
    let sum = 0
    await oneAhead(
      batches,
      (batch) => step.run(batchOf(batch)),
      ({ loss }) => {
        sum += loss
        firstStep ??= performance.now() - begun
      },
    )
    const seconds = (performance.now() - begun) / 1000
    return {
      value: (batches.length * size) / seconds,
      loss: sum / batches.length,
      first: firstStep,
      traces: step.traces,
      megabytes: process.resourceUsage().maxRSS / 1000,
    }
  },
})
await step.dispose()
