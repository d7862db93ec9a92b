import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError, writeSafetensors } from '@kd/core'
import { FailingFileSystem } from '@kd/core/test'
import { engine } from '@kd/jit'
import { modelFiles, Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BilstmOptions, bilstm, createStudent, loadStudent, type Student } from './index.ts'

const labels = ['negative', 'positive']
const texts = [
  'a warm and clever little film',
  "it isn't bad, not good, just long",
  'meh',
  '',
  'the waiter was rude; the soup was cold, and we left before the dessert came, which nobody in town would call a surprise',
  'words that nobody has ever seen',
]
const examples = texts.map((text) => ({ text }))
const vocabulary = Vocabulary.build(texts.slice(0, 5))
const small = (options: BilstmOptions = {}) =>
  createStudent(bilstm({ hidden: 6, dense: 5, dimensions: 7, channels: 'both', ...options }), { labels, vocabulary, seed: 3 })

const students: Student[] = []
const kept = (student: Student) => {
  students.push(student)
  return student
}
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-students-'))
})
afterAll(async () => {
  for (const student of students) student.dispose()
  await rm(folder, { recursive: true })
})

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!), `[${i}]`).toBeLessThan(1e-5)
}

function layersLogits({ model, vocabulary }: Student, padding = 0): Float32Array {
  return tf.tidy(() => {
    const ids = texts.map((text) => vocabulary.ids(text))
    const length = Math.max(...ids.map(({ length }) => length)) + padding
    const padded = ids.map((words) => [...words, ...new Array(length - words.length).fill(0)])
    return (model.predict(tf.tensor2d(padded, undefined, 'int32')) as tf.Tensor).dataSync() as Float32Array
  })
}

test.each([
  ['static', 300, 601_802],
  ['trainable', 300, 601_802],
  ['both', 300, 961_802],
] as const)("parameters with %s vectors of %i dimensions: the paper's count", async (channels, dimensions, withoutEmbeddings) => {
  const student = kept(await createStudent(bilstm({ channels, dimensions }), { labels, vocabulary }))
  const tables = channels === 'both' ? 2 : 1
  expect(student.parameters).toEqual({ withoutEmbeddings, total: withoutEmbeddings + tables * vocabulary.size * dimensions })
  expect(Object.values(student.weights()).reduce((sum, { length }) => sum + length, 0)).toBe(student.parameters.total)
})

test.each(['static', 'trainable', 'both'] as const)(
  'logits with %s vectors: engine and layers agree, whatever the padding',
  async (channels) => {
    const student = kept(await small({ channels }))
    const logits = await student.logits(examples)
    expect(logits.length).toBe(texts.length * labels.length)
    expectClose(layersLogits(student), logits)
    expectClose(layersLogits(student, 5), logits)
    for (const [row, example] of examples.entries()) expectClose(await student.logits([example]), logits.subarray(row * 2, row * 2 + 2))
  },
)

test('the native engine ran', async () => {
  expect((await engine()).native).toBe(true)
})

test('logits keep the order of the examples, over several batches', async () => {
  const student = kept(await small())
  const logits = await student.logits(examples)
  const many = Array.from({ length: 600 }, (_, row) => (row * 7) % examples.length)
  const expected = many.flatMap((row) => [...logits.subarray(row * 2, row * 2 + 2)])
  expectClose(await student.logits(many.map((row) => examples[row]!)), expected)
  expect(await student.logits([])).toEqual(new Float32Array(0))
})

test('predict: one text or several; probabilities are the softmax of the logits', async () => {
  const student = kept(await small())
  const one = await student.predict(texts[0]!)
  const several = await student.predict(texts)
  expect(several).toHaveLength(texts.length)
  expectClose(several[0]!.logits, one.logits)
  expect(one.probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
  expect(one.probability).toBe(Math.max(...one.probabilities))
  expect(one.label).toBe(labels[one.probabilities.indexOf(one.probability)])
  expect(Math.log(one.probabilities[1]! / one.probabilities[0]!)).toBeCloseTo(one.logits[1]! - one.logits[0]!, 9)
})

test('the same seed gives the same student, another seed another', async () => {
  const [a, b] = [kept(await small()), kept(await small())]
  const c = kept(await createStudent(a.description, { labels, vocabulary, seed: 4 }))
  expect(a.weights()).toEqual(b.weights())
  expect(await a.logits(examples)).toEqual(await b.logits(examples))
  expect(await c.logits(examples)).not.toEqual(await a.logits(examples))
})

test('setWeights: logits and model go by the new weights', async () => {
  const [a, b] = [
    kept(await small()),
    kept(await createStudent(bilstm({ hidden: 6, dense: 5, dimensions: 7, channels: 'both' }), { labels, vocabulary, seed: 9 })),
  ]
  const before = [...(await a.logits(examples))]
  expectClose(layersLogits(a), before)
  a.setWeights(b.weights())
  expect(a.weights()).toEqual(b.weights())
  expectClose(await a.logits(examples), await b.logits(examples))
  expectClose(layersLogits(a), await b.logits(examples))
  expect([...(await a.logits(examples))]).not.toEqual(before)
})

test('weights are copies, and of the right names and sizes only', async () => {
  const student = kept(await small())
  const weights = student.weights()
  weights['embeddings.static']!.fill(7)
  weights['dense.bias']!.fill(7)
  expect(student.weights()).not.toEqual(weights)
  const { 'dense.bias': _, ...fewer } = weights
  const before = student.weights()
  for (const wrong of [fewer, { ...weights, more: new Float32Array(1) }, { ...weights, 'dense.bias': new Float32Array(4) }]) {
    expect(() => student.setWeights(wrong)).toThrow(KdError)
  }
  expect(student.weights()).toEqual(before)
})

test('training the layers model trains the student', async () => {
  const student = kept(await small())
  const before = student.weights()
  const { model } = student
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' })
  const ids = tf.tensor2d([...vocabulary.ids('a warm film'), 0, ...vocabulary.ids('meh'), 0, 0, 0], [2, 4], 'int32')
  const targets = tf.tensor2d([-2, 2, 2, -2], [2, 2])
  const { history } = await model.fit(ids, targets, { epochs: 30, verbose: 0 })
  tf.dispose([ids, targets])
  expect(history.loss!.at(-1)).toBeLessThan(history.loss![0] as number)
  const after = student.weights()
  for (const name of Object.keys(before)) {
    if (name === 'embeddings.static') expect(after[name]).toEqual(before[name])
    else expect(after[name], name).not.toEqual(before[name])
  }
  expectClose(await student.logits(examples), layersLogits(student))
})

test('the layers model is saved and loaded by TensorFlow.js itself', async () => {
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers')
  const student = kept(await small())
  let artifacts: tf.io.ModelArtifacts | undefined
  await student.model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  const loaded = await loadLayersModel(
    tf.io.fromMemory({ ...artifacts!, modelTopology: JSON.parse(JSON.stringify(artifacts!.modelTopology)) }),
  )
  expectClose(layersLogits({ model: loaded, vocabulary } as Student), await student.logits(examples))
  loaded.dispose()
})

test('a pair, a disposed student, an aborted signal are refused', async () => {
  const student = await small()
  await expect(student.logits([{ text: 'a', pair: 'b' }])).rejects.toMatchObject({ kind: 'data' })
  await expect(student.logits(examples, { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' })
  student.dispose()
  await expect(student.logits(examples)).rejects.toThrow('disposed')
  student.dispose()
})

test('a student frees its tensors', async () => {
  const before = tf.memory().numTensors
  const student = await small()
  await student.logits(examples)
  layersLogits(student)
  student.dispose()
  expect(tf.memory().numTensors).toBe(before)
})

describe('save and load', () => {
  const contents = async (path: string) =>
    Object.fromEntries(
      await Promise.all((await readdir(path)).sort().map(async (name) => [name, await readFile(join(path, name), 'base64')])),
    )

  test('what is loaded is what was saved, and saves the same bytes', async () => {
    const student = kept(await small())
    const path = join(folder, 'same')
    const { bytes } = await student.save(path, { card: { Results: '| a | b |' } })
    expect((await readdir(path)).sort()).toEqual(Object.values(modelFiles).sort())
    const sizes = await Promise.all(Object.values(modelFiles).map(async (name) => (await readFile(join(path, name))).length))
    expect(bytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
    const loaded = kept(await loadStudent(path))
    expect(loaded.weights()).toEqual(student.weights())
    expect(loaded.labels).toEqual(labels)
    expect(loaded.description).toEqual({ ...student.description, vocabularySize: vocabulary.size })
    expect(await loaded.logits(examples)).toEqual(await student.logits(examples))
    const before = await contents(path)
    await loaded.save(path, { card: { Results: '| a | b |' } })
    expect(await contents(path)).toEqual(before)
    const card = await readFile(join(path, modelFiles.card), 'utf8')
    expect(card).toContain("import { loadStudent } from '@kd/students'")
    expect(card).toContain('## Results\n\n| a | b |')
  })

  test('a disk that fails at the n-th write leaves what was there, for each n', async () => {
    const [old, student] = [
      kept(await small()),
      kept(await createStudent(bilstm({ hidden: 2, dense: 2, dimensions: 2 }), { labels, vocabulary })),
    ]
    const path = join(folder, 'kept')
    await old.save(path)
    const before = await contents(path)
    const counting = new FailingFileSystem(0)
    await student.save(join(folder, 'counted'), { fileSystem: counting })
    expect(counting.changes).toBeGreaterThan(5)
    for (const code of ['ENOSPC', 'EROFS'] as const) {
      for (let n = 1; n <= counting.changes; n++) {
        const failed = student.save(path, { fileSystem: new FailingFileSystem(n, code) })
        await expect(failed, `change ${n}`).rejects.toMatchObject({ name: 'KdError', kind: 'io', message: expect.stringContaining(code) })
        expect(await contents(path), `change ${n}`).toEqual(before)
      }
    }
    expect((await readdir(folder)).filter((name) => /partial|replaced/.test(name))).toEqual([])
  })

  test('a broken folder is one KdError that names the file and says what to do', async () => {
    const student = kept(await small())
    const path = join(folder, 'broken')
    const shape = [vocabulary.size, 7]
    const cases: [name: keyof typeof modelFiles, contents: string | Uint8Array | undefined, kind: string][] = [
      ['config', undefined, 'missing'],
      ['weights', undefined, 'missing'],
      ['vocabulary', undefined, 'missing'],
      ['config', '', 'format'],
      ['config', '{"model_type": "bert"}', 'format'],
      ['config', '{"formatVersion": 99}', 'format'],
      ['vocabulary', '[PAD]\n[UNK]\n[MASK]\nword\n', 'mismatch'],
      ['weights', new Uint8Array(20).fill(255), 'format'],
      ['weights', writeSafetensors({ 'embeddings.static': { data: new Float32Array(shape[0]! * shape[1]!), shape } }), 'mismatch'],
    ]
    for (const [file, broken, kind] of cases) {
      await student.save(path)
      if (broken === undefined) await rm(join(path, modelFiles[file]))
      else await writeFile(join(path, modelFiles[file]), broken)
      const error = await loadStudent(path).then(
        () => undefined,
        (error) => error,
      )
      expect(error, `${file} ${kind}`).toMatchObject({
        name: 'KdError',
        kind,
        where: { file: expect.stringContaining(modelFiles[file]) },
        fix: expect.any(String),
      })
    }
    await expect(loadStudent(join(folder, 'nowhere'))).rejects.toMatchObject({ kind: 'missing' })
  })

  test('a file cut at any byte is never loaded', async () => {
    const student = kept(await small())
    const path = join(folder, 'cut')
    await student.save(path)
    const names = [modelFiles.config, modelFiles.weights, modelFiles.vocabulary]
    const whole = new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(path, name))] as const)))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), async (name, share) => {
        const bytes = whole.get(name)!
        // Without its last line break a JSON file is whole.
        await writeFile(join(path, name), bytes.subarray(0, Math.floor(share * (bytes.length - 1))))
        await expect(loadStudent(path)).rejects.toBeInstanceOf(KdError)
        await writeFile(join(path, name), bytes)
      }),
      { numRuns: 60 },
    )
  })
})
