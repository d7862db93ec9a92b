import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOnnx } from '@kd/jit'
import { Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { loadLayersModel } from '@tensorflow/tfjs-layers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createStudent, exportLayersModel, exportOnnx, type Student, siamese } from '../index.ts'

const pairs = [
  { text: 'How do I learn to swim?', pair: 'ski' },
  { text: 'blue', pair: 'What makes the sky look blue on a day without a single cloud?' },
  { text: 'Where do penguins live?', pair: '' },
  { text: 'Where do penguins live?', pair: 'Where do penguins live?' },
]
const vocabulary = Vocabulary.build(pairs.flatMap(({ text, pair }) => [text, pair]))

let folder: string
let student: Student
let expected: Float32Array
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-export-pairs-'))
  const description = siamese({ hidden: 10, dense: 12, dimensions: 9, channels: 'both', maxLength: 10 })
  student = await createStudent(description, { labels: ['different', 'unsure', 'duplicate'], vocabulary, seed: 5 })
  expected = await student.logits(pairs)
})
afterAll(async () => {
  student.dispose()
  await rm(folder, { recursive: true })
})

/** Word ids `[4, longest]` of one side, padded with 0. */
function idsOf(side: 'text' | 'pair'): number[][] {
  const rows = pairs.map((pair) => [...vocabulary.ids(pair[side])])
  const longest = Math.max(...rows.map(({ length }) => length))
  return rows.map((row) => [...row, ...new Array(longest - row.length).fill(0)])
}

const distance = (actual: ArrayLike<number>) => Math.max(...Array.from(expected, (value, at) => Math.abs(value - actual[at]!)))

test.each([
  ['float32', 1e-5],
  ['int8', 0.02],
] as const)('onnx in %s: both texts in, the logits of the pairs out', async (weights, tolerance) => {
  const file = join(folder, `${weights}.onnx`)
  await exportOnnx(student, file, { weights })
  const session = await loadOnnx(await readFile(file), { threads: 1 })
  const input = (rows: number[][]) => ({ data: BigInt64Array.from(rows.flat(), BigInt), shape: [rows.length, rows[0]!.length] })
  const { logits } = await session.run({ input_ids: input(idsOf('text')), pair_input_ids: input(idsOf('pair')) })
  expect(logits!.shape).toEqual([4, 3])
  expect(distance(logits!.data as Float32Array)).toBeLessThan(tolerance)
  await session.dispose()
})

test('layers model: |a - b| in layers of TensorFlow.js alone', async () => {
  await exportLayersModel(student, join(folder, 'layers'))
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(folder, 'layers', 'model.json'), 'utf8'))
  expect(JSON.stringify(modelTopology)).not.toContain('"Kd')
  const bytes = await readFile(join(folder, 'layers', 'weights.bin'))
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
  const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }))
  // Here a caller cuts the texts.
  const logits = tf.tidy(() => {
    const sides = (['text', 'pair'] as const).map((side) =>
      tf.tensor2d(
        idsOf(side).map((row) => row.slice(0, 10)),
        undefined,
        'int32',
      ),
    )
    return (model.predict(sides) as tf.Tensor).dataSync()
  })
  expect(distance(logits)).toBeLessThan(1e-5)
  model.dispose()
})
