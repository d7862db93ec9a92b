/**
 * Times training steps of the three models of docs/jit-models.md: `jit.step`, and TensorFlow.js by itself in plain Node
 * (its cpu backend, and its WebAssembly where that has all the kernels), in turn; medians of the processor's time.
 *
 *   KD_THREADS=1 npm run time-jit-models --workspace @kd/tools
 */
import { jit } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import { convnet, convnetLoss } from '../packages/jit/src/testing/guide/convnet.ts'
import { textGeneration, textGenerationLoss } from '../packages/jit/src/testing/guide/text-generation.ts'
import { transformer, transformerLoss } from '../packages/jit/src/testing/guide/transformer.ts'

type Loss = (target: tf.Tensor, output: tf.Tensor) => tf.Tensor
type Batch = () => [tf.Tensor, tf.Tensor]

const labels = (count: number, classes: number) => tf.oneHot(tf.randomUniform([count], 0, classes, 'int32'), classes)
const cases: [string, () => LayersModel, Loss, Batch][] = [
  ['convnet, 64 images of 28 x 28', () => convnet(), convnetLoss, () => [tf.randomUniform([64, 28, 28, 1]), labels(64, 10)]],
  [
    'text generation, LSTM of 128, 64 texts of 40 characters',
    () => textGeneration(60, 40),
    textGenerationLoss,
    () => [tf.oneHot(tf.randomUniform([64, 40], 0, 60, 'int32'), 60), labels(64, 60)],
  ],
  [
    'transformer, 2 blocks of 64, 32 texts of 32 words',
    () => transformer(),
    transformerLoss,
    () => [tf.randomUniform([32, 32], 0, 1000, 'int32'), labels(32, 2)],
  ],
]

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

async function timed(work: () => Promise<unknown> | unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

for (const [name, make, loss, batch] of cases) {
  await tf.setBackend('cpu')
  const [x, y] = batch()
  const model = make()
  const step = jit.step(model, tf.train.adam(), loss)
  await step(x, y)
  const eager = { cpu: make(), wasm: make() }
  const times: Record<string, number[]> = { jit: [], cpu: [], wasm: [] }
  for (let round = 0; round < 5; round++) {
    await tf.setBackend('cpu')
    for (let i = 0; i < 5; i++) times.jit!.push(await timed(() => step(x, y)))
    for (const backend of ['cpu', 'wasm'] as const) {
      await tf.setBackend(backend)
      const optimizer = tf.train.adam()
      const run = () =>
        tf.tidy(() =>
          optimizer
            .minimize(() => tf.mean(loss(y, eager[backend].apply(x, { training: true }) as tf.Tensor)) as tf.Scalar, true)!
            .dataSync(),
        )
      try {
        times[backend]!.push(await timed(run))
      } catch (error) {
        if (round === 0) console.log(`${name}: ${backend} can't, ${String(error).split('\n')[0]}`)
      }
    }
  }
  const ms = Object.fromEntries(Object.entries(times).map(([key, list]) => [key, list.length > 0 ? median(list) : Number.NaN]))
  const factor = (key: string) => (Number.isNaN(ms[key]!) ? '-' : `${(ms[key]! / ms.jit!).toFixed(1)}x`)
  console.log(
    `${name}: jit ${ms.jit!.toFixed(1)} ms, cpu ${ms.cpu!.toFixed(0)} ms (${factor('cpu')}), wasm ${ms.wasm!.toFixed(0)} ms (${factor('wasm')})`,
  )
}
process.exit(0)
