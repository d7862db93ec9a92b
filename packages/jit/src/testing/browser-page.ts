import * as tf from '@tensorflow/tfjs-core'
import { boundEngine, engine } from '../engines/bound.ts'
import { jitStepOn } from '../jit-step.ts'
import { loadOnnx } from '../load-onnx.ts'
import { adam } from '../optimizers/adam.ts'
import { toOnnx } from '../to-onnx.ts'
import { chainOps } from './chained-ops.ts'
import { checkTraced, nameOf } from './check-ops.ts'
import { testEngine } from './engines.ts'
import { smallText } from './models.ts'
import { opRows } from './op-rows.ts'

export interface BrowserReport {
  readonly info: Awaited<ReturnType<typeof engine>>
  readonly rows: number
  readonly failures: readonly string[]
  readonly losses: readonly number[]
  readonly predicted: boolean
}

/** What the test of the browser asks the page: every op row, a model trained, its weights read, a file run. */
async function run(): Promise<BrowserReport> {
  const info = await engine()
  chainOps()
  await testEngine('onnxruntime-node')()
  await tf.setBackend('cpu')
  const failures: string[] = []
  for (const row of opRows) await checkTraced([row]).catch((error: unknown) => failures.push(`${nameOf(row)}: ${error}`))
  const { model, x, y, loss } = smallText()
  const step = jitStepOn(model, adam({ learningRate: 0.02 }), loss, {}, boundEngine)
  const losses: number[] = []
  for (let i = 0; i < 15; i++) losses.push(await step(x, y))
  const wanted = (model.predict(x) as tf.Tensor).dataSync()
  const session = await loadOnnx(toOnnx((x: tf.Tensor) => model.apply(x) as tf.Tensor, [{ shape: [null, 5], dtype: 'int32' }]))
  const { output } = await session.run({ input_0: { data: x.dataSync() as Int32Array, shape: x.shape } })
  const predicted = wanted.every((value, at) => Math.abs(value - Number(output!.data[at])) < 1e-5)
  return { info, rows: opRows.length, failures, losses, predicted }
}

;(globalThis as { runInBrowser?: typeof run }).runInBrowser = run
