import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load, type ModelConfig, modelFiles, readPacked, tensorShapes, Vocabulary, writePacked } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bilstm, createStudent, loadStudent, type Student } from '../index.ts'
import { packStudent, unpackStudent } from './pack.ts'

/** Logits of the engine against those of TensorFlow.js with the same whole numbers: what 16-bit activations and a rational tanh cost. */
const tolerance = 2e-3

const texts = ['a warm and clever little film', 'never again', '', 'two hours of my life that nobody will give back']
const examples = texts.map((text, i) => ({ text, label: i % 2 }))
const vocabulary = Vocabulary.build(texts)
const labels = ['negative', 'positive']

let folder: string
let student: Student
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-packing-'))
  student = await createStudent(bilstm({ hidden: 30, dense: 20, dimensions: 130, channels: 'both' }), { labels, vocabulary, seed: 2 })
})
afterAll(async () => {
  student.dispose()
  await rm(folder, { recursive: true })
})

test.each(['int8', 'int4'] as const)('%s: a folder that @kd/runtime serves and loadStudent reads', async (type) => {
  const place = join(folder, type)
  const { bytes, agreement } = await student.save(place, { weights: type, measure: { made: examples } })
  expect((await readdir(place)).sort()).toEqual([modelFiles.card, modelFiles.config, modelFiles.weights].sort())
  expect(bytes).toBeLessThan(type === 'int8' ? 95_000 : 88_000)
  const again = await loadStudent(place)
  const logits = tf.tidy(() => {
    const ids = texts.map((text) => [...vocabulary.ids(text), ...new Array(16).fill(0)].slice(0, 16))
    return (again.model.predict(tf.tensor2d(ids, undefined, 'int32')) as tf.Tensor).dataSync()
  })
  for (const wasm of [undefined, false] as const) {
    const served = await load(place, { wasm })
    const answers = texts.flatMap((text) => [...served.logits(text)])
    for (const [i, logit] of answers.entries()) expect(Math.abs(logit - logits[i]!)).toBeLessThan(tolerance)
  }
  expect(agreement.made).toMatchObject({ examples: 4, sameLabel: expect.any(Number), accuracy: { packed: expect.any(Number) } })
  const card = await readFile(join(place, modelFiles.card), 'utf8')
  expect(card).toContain('| made | 4 |')
  expect(card).toContain("from '@kd/runtime'")
  again.dispose()
})

test('packing is off by half a step at most, and idempotent', () => {
  const config: ModelConfig = { ...student.description, formatVersion: 1, labels, vocabularySize: vocabulary.size } as never
  const weights = student.weights()
  const once = unpackStudent(packStudent({ config, vocabulary, weights }, 'int8'))
  for (const [name, [rows]] of Object.entries(tensorShapes(config))) {
    const columns = weights[name]!.length / rows!
    for (let row = 0; row < rows!; row++) {
      const [before, after] = [weights, once.weights].map((all) => all[name]!.subarray(row * columns, (row + 1) * columns)) as [
        Float32Array,
        Float32Array,
      ]
      const step = Math.max(...before.map(Math.abs)) / 127
      before.forEach((value, i) => {
        expect(Math.abs(value - after[i]!)).toBeLessThanOrEqual(step * 0.5001)
      })
    }
  }
  const twice = unpackStudent(packStudent(once, 'int8'))
  for (const [name, values] of Object.entries(once.weights)) {
    twice.weights[name]!.forEach((value, i) => {
      expect(value).toBeCloseTo(values[i]!, 6)
    })
  }
})

test('a packed student that is not finite is not written', async () => {
  const broken = student.weights()
  broken['lstm.weight_hh_l0']![5] = Number.NaN
  const before = student.weights()
  student.setWeights(broken)
  for (const weights of ['int8', 'int4'] as const) {
    const saving = student.save(join(folder, 'broken'), { weights })
    await expect(saving).rejects.toMatchObject({ kind: 'numeric', where: { tensor: 'lstm.weight_hh_l0.scale' } })
  }
  student.setWeights(before)
  await expect(student.save(folder, { weights: 'int2' as never })).rejects.toMatchObject({ kind: 'option', where: { option: 'weights' } })
})

// MB are 10^6 bytes; sizes of the paper with 15,000 words.
test.each([
  ['bilstm', 100, 'int8', 2.1],
  ['siamese', 100, 'int8', 2.3],
  ['bilstm', 300, 'int8', 5.5],
  ['bilstm', 100, 'int4', 1.4],
  ['siamese', 100, 'int4', 1.6],
  ['bilstm', 300, 'int4', 3.3],
] as const)('a %s of %i dimensions in %s has at most %f MB, and can be read', (kind, dimensions, type, most) => {
  // As long as those of SST-2: 8.7 bytes a line.
  const words = Array.from({ length: 14_997 }, (_, i) => i.toString(36).padStart(4, 'x') + 'abcdefgh'.slice(0, i % 8))
  const vocabulary = Vocabulary.build([words.join(' ')], { pieces: 0 })
  const config: ModelConfig = {
    formatVersion: 1,
    student: kind,
    labels,
    vocabularySize: 15_000,
    dimensions,
    channels: 'static',
    hidden: 150,
    dense: 200,
    maxLength: 128,
    dropout: { words: 0.3, states: 0.3, dense: 0 },
  }
  const weights = Object.fromEntries(
    Object.entries(tensorShapes(config)).map(([name, shape]) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
  )
  const file = writePacked(packStudent({ config, vocabulary, weights }, type))
  expect(file.length).toBeLessThanOrEqual(most * 1e6)
  expect(readPacked(file).config.vocabularySize).toBe(15_000)
})
