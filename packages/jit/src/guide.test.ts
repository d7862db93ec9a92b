import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { jitStepOn, type StepLoss } from './jit-step.ts'
import { testEngine, tracesOn } from './testing/engines.ts'
import { convnet, convnetLoss } from './testing/guide/convnet.ts'
import { textGeneration, textGenerationLoss } from './testing/guide/text-generation.ts'
import { transformer, transformerLoss } from './testing/guide/transformer.ts'

const engine = testEngine('onnxruntime-node')
const classes = (count: number, of: number) =>
  tf.oneHot(
    tf.tensor1d(
      Array.from({ length: count }, (_, index) => index % of),
      'int32',
    ),
    of,
  )

const rows: [string, () => LayersModel, StepLoss, () => [tf.Tensor, tf.Tensor], () => tf.Optimizer][] = [
  [
    'convnet',
    () => convnet(14),
    convnetLoss,
    () => [tf.randomUniform([12, 14, 14, 1], 0, 1, 'float32', 1), classes(12, 10)],
    () => tf.train.adam(0.01),
  ],
  [
    'text-generation',
    () => textGeneration(12, 8, 16),
    textGenerationLoss,
    () => [
      tf.oneHot(
        tf.tensor2d(
          Array.from({ length: 64 }, (_, at) => (at * 5) % 12),
          [8, 8],
          'int32',
        ),
        12,
      ),
      classes(8, 12),
    ],
    () => tf.train.rmsprop(0.01),
  ],
  [
    'transformer',
    () => transformer({ words: 20, length: 6, width: 16, heads: 2, blocks: 1, dropout: 0 }),
    transformerLoss,
    () => [
      tf.tensor2d(
        Array.from({ length: 48 }, (_, at) => (at * 7) % 20),
        [8, 6],
        'int32',
      ),
      classes(8, 2),
    ],
    () => tf.train.adam(0.01),
  ],
]

beforeAll(async () => {
  await engine()
  await tf.setBackend('cpu')
})

describe("other people's models", () => {
  it.each(rows)('%s makes the steps that TensorFlow.js makes, and learns', async (_, make, loss, batch, optimizer) => {
    const [traced, plain, theirs] = [make(), make(), optimizer()]
    traced.setWeights(plain.getWeights())
    const [x, y] = batch()
    const step = jitStepOn(traced, optimizer(), loss, {}, engine)
    const losses: number[] = []
    for (let i = 0; i < 15; i++) {
      losses.push(await step(x, y))
      if (i >= 2) continue
      const expected = theirs.minimize(() => tf.mean(loss(y, plain.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar, true)!
      expect(losses[i]).toBeCloseTo(expected.dataSync()[0]!, 3)
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.9)
    expect(step.traces).toBe(tracesOn('onnxruntime-node', 1))
    await step.dispose()
  })

  it.each(rows.map(([name]) => name))('the guide shows %s as it is tested', async (name) => {
    const code = await readFile(new URL(`testing/guide/${name}.ts`, import.meta.url), 'utf8')
    const guide = await readFile(new URL('../../../docs/jit-models.md', import.meta.url), 'utf8')
    expect(guide).toContain(`\`\`\`ts\n${code}\`\`\`\n`)
  })
})
