/**
 * Writes functions and models with `toOnnx` of @kd/jit and lets Python check and run them: onnx's checker with full shape
 * inference, and onnxruntime at several sizes of the batch.
 *
 *   KD_PYTHON=python3 npm run check-to-onnx --workspace @kd/tools
 *
 * Python needs numpy, onnx, onnxruntime.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { int8MatMul, int8Matrix, toOnnx } from '@kd/jit'
import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'

const python = process.env.KD_PYTHON
if (!python) throw new Error('KD_PYTHON names no interpreter')

const { dense, embedding, lstm, bidirectional, flatten, globalAveragePooling1d } = layers.layers
const cell = { recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' } as const
const applied = (list: layers.layers.Layer[]) => {
  const model = layers.sequential({ layers: list })
  return (x: tf.Tensor) => model.apply(x) as tf.Tensor
}
const matrix = int8Matrix(tf.randomNormal([32, 8], 0, 1, 'float32', 5))

const cases: Record<string, { fn: (x: tf.Tensor) => tf.Tensor; shape: number[]; dtype?: 'int32' }> = {
  dense: { fn: applied([dense({ units: 3, activation: 'softmax', inputShape: [4] })]), shape: [4] },
  'embedding, LSTM in both directions': {
    fn: applied([
      embedding({ inputDim: 20, outputDim: 5, inputLength: 6 }),
      bidirectional({ layer: lstm({ units: 4, ...cell }) as layers.RNN, mergeMode: 'concat' }),
    ]),
    shape: [6],
    dtype: 'int32',
  },
  'dense over time, pooling': { fn: applied([dense({ units: 6, inputShape: [3, 4] }), globalAveragePooling1d()]), shape: [3, 4] },
  flatten: { fn: applied([flatten({ inputShape: [3, 2] }), dense({ units: 2, activation: 'relu' })]), shape: [3, 2] },
  attention: {
    fn: (x) => tf.matMul(tf.softmax(tf.matMul(x as tf.Tensor3D, x as tf.Tensor3D, false, true)), x as tf.Tensor3D),
    shape: [5, 4],
  },
  'the gradient of a loss': { fn: (x) => tf.grad((z: tf.Tensor) => tf.mean(tf.tanh(z)))(x), shape: [3] },
  'int8 product': { fn: (x) => int8MatMul(x, matrix), shape: [32] },
}

const folder = await mkdtemp(join(tmpdir(), 'kd-check-to-onnx-'))
try {
  const runs: { name: string; file: string; input: number[]; dtype: string; shape: number[]; output: number[]; outputShape: number[] }[] =
    []
  for (const [index, [name, { fn, shape, dtype = 'float32' }]] of Object.entries(cases).entries()) {
    const file = `${index}.onnx`
    await writeFile(join(folder, file), toOnnx(fn, [{ shape: [null, ...shape], dtype }]))
    for (const batch of [1, 2, 7]) {
      const x = tf.randomUniform([batch, ...shape], dtype === 'int32' ? 0 : -2, dtype === 'int32' ? 20 : 2, dtype, batch)
      const y = fn(x)
      runs.push({ name, file, input: [...x.dataSync()], dtype, shape: x.shape, output: [...y.dataSync()], outputShape: y.shape })
    }
  }
  await writeFile(join(folder, 'runs.json'), JSON.stringify(runs))
  execFileSync(python, [fileURLToPath(new URL('check_to_onnx.py', import.meta.url)), folder], { stdio: 'inherit' })
} finally {
  await rm(folder, { recursive: true })
}
