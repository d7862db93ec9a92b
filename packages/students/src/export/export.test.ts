import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { FailingFileSystem } from '@kd/core/test'
import { loadOnnx } from '@kd/jit'
import { Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { loadLayersModel } from '@tensorflow/tfjs-layers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bilstm, createStudent, exportLayersModel, exportOnnx, exportTokenizer, loadStudent, type Student } from '../index.ts'

const labels = ['negative', 'neutral', 'positive']
const texts = [
  'a warm and clever little film',
  "it isn't bad, not good, just long",
  '',
  'meh',
  'words that nobody has ever seen',
  'a text that is cut : '.repeat(20),
  'with a [MASK] in it',
]
const examples = texts.map((text) => ({ text }))

let folder: string
let student: Student
let expected: Float32Array
const at = (...names: string[]) => join(folder, ...names)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-export-'))
  const description = bilstm({ hidden: 16, dense: 12, dimensions: 9, channels: 'both', maxLength: 30 })
  student = await createStudent(description, { labels, vocabulary: Vocabulary.build([...texts.slice(0, 4), texts[5]!]), seed: 5 })
  // As if trained: the two channels differ.
  const weights = student.weights()
  weights['embeddings.trainable'] = weights['embeddings.trainable']!.map((value, place) => value + 0.3 * Math.sin(place))
  student.setWeights(weights)
  expected = await student.logits(examples)
  await student.save(at('saved'))
  await exportOnnx(student, at('float32.onnx'))
  await exportOnnx(student, at('int8.onnx'), { weights: 'int8' })
  await exportTokenizer(student, at('tokenizer.json'))
  await exportLayersModel(student, at('layers'))
})
afterAll(async () => {
  student.dispose()
  await rm(folder, { recursive: true })
})

function largestDistance(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(actual.length).toBe(wanted.length)
  return Array.from(actual).reduce((largest, value, place) => Math.max(largest, Math.abs(value - wanted[place]!)), 0)
}

async function tokenizerOf(file: string): Promise<(text: string) => number[]> {
  const json = JSON.parse(await readFile(file, 'utf8'))
  const tokenizer = new Tokenizer(json, {})
  // This reader leaves cutting to its caller; the file says where.
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.slice(0, json.truncation.max_length)
}

function padded(rows: readonly (readonly number[])[]): { rows: number[][]; length: number } {
  const length = Math.max(...rows.map((row) => row.length))
  return { rows: rows.map((row) => [...row, ...new Array(length - row.length).fill(0)]), length }
}

async function runOnnx(file: string, ids: readonly (readonly number[])[]): Promise<{ logits: Float32Array; probabilities: Float32Array }> {
  const session = await loadOnnx(await readFile(file), { threads: 1 })
  const { rows, length } = padded(ids)
  const input = { data: BigInt64Array.from(rows.flat(), BigInt), shape: [rows.length, length] }
  const { logits, probabilities } = await session.run({ input_ids: input })
  expect(logits!.shape).toEqual([rows.length, labels.length])
  await session.dispose()
  return { logits: logits!.data as Float32Array, probabilities: probabilities!.data as Float32Array }
}

/** `metadata_props` of an ONNX file: field 14 of ModelProto, each a key (1) and a value (2). */
function metadataOf(bytes: Uint8Array): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [field, value] of fields(bytes)) {
    if (field !== 14) continue
    const pair = new Map([...fields(value)].map(([field, text]) => [field, new TextDecoder().decode(text)]))
    found[pair.get(1)!] = pair.get(2)!
  }
  return found
}

function* fields(bytes: Uint8Array): Generator<[field: number, value: Uint8Array]> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      value += (bytes[at]! & 127) * 2 ** shift
      if (bytes[at++]! < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const value = varint()
    yield [Math.floor(key / 8), bytes.subarray(at, (at += key % 8 === 2 ? value : 0))]
  }
}

describe('round trip', () => {
  test('onnx: text to logits from the file alone, as the student', async () => {
    const about = metadataOf(await readFile(at('float32.onnx')))
    expect(JSON.parse(about.labels!)).toEqual(labels)
    expect(about).toMatchObject({ student: 'bilstm', maxLength: '30', weights: 'float32' })
    expect(about.tokenizer).toBe(await readFile(at('tokenizer.json'), 'utf8'))
    const encode = await tokenizerOf(at('tokenizer.json'))
    const { logits, probabilities } = await runOnnx(at('float32.onnx'), texts.map(encode))
    expect(largestDistance(logits, expected)).toBeLessThan(1e-5)
    const predictions = await student.predict(texts)
    expect(
      largestDistance(
        probabilities,
        predictions.flatMap(({ probabilities }) => probabilities),
      ),
    ).toBeLessThan(1e-5)
  })

  test('onnx: any batch and length; what lies behind the longest text is not read', async () => {
    const encode = await tokenizerOf(at('tokenizer.json'))
    for (const [row, text] of texts.entries()) {
      const wanted = expected.subarray(row * labels.length, (row + 1) * labels.length)
      for (const zeros of [0, 40]) {
        const { logits } = await runOnnx(at('float32.onnx'), [[...encode(text), ...new Array(zeros).fill(0)]])
        expect(largestDistance(logits, wanted), text).toBeLessThan(1e-5)
      }
    }
    const uncut = [...student.vocabulary.ids(texts[5]!)]
    expect(uncut.length).toBeGreaterThan(30)
    expect(largestDistance((await runOnnx(at('float32.onnx'), [uncut])).logits, expected.subarray(15, 18))).toBeLessThan(1e-5)
  })

  test('onnx in int8: near the student', async () => {
    expect(metadataOf(await readFile(at('int8.onnx')))).toMatchObject({ weights: 'int8' })
    const { logits } = await runOnnx(at('int8.onnx'), texts.map(await tokenizerOf(at('tokenizer.json'))))
    const distance = largestDistance(logits, expected)
    expect(distance).toBeGreaterThan(1e-5)
    expect(distance).toBeLessThan(0.01)
  })

  test('layers model: plain TensorFlow.js opens it over HTTP', async () => {
    expect((await readdir(at('layers'))).sort()).toEqual(['model.json', 'tokenizer.json', 'weights.bin'])
    expect(await readFile(at('layers', 'model.json'), 'utf8')).not.toContain('KdBilstm')
    const server = createServer(async (request, response) => response.end(await readFile(at('layers', request.url!.slice(1)))))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const model = await loadLayersModel(`http://127.0.0.1:${(server.address() as AddressInfo).port}/model.json`)
      expect(model.getUserDefinedMetadata()).toEqual({ labels, maxLength: 30 })
      const ids = texts.map(await tokenizerOf(at('layers', 'tokenizer.json'))).map((ids) => (ids.length === 0 ? [1] : ids))
      const logits = tf.tidy(() => (model.predict(tf.tensor2d(padded(ids).rows, undefined, 'int32')) as tf.Tensor).dataSync())
      expect(largestDistance(logits, expected)).toBeLessThan(1e-5)
      model.dispose()
    } finally {
      server.close()
    }
  })

  test('the saved folder gives the same exports, to the byte', async () => {
    const loaded = await loadStudent(at('saved'))
    await exportOnnx(loaded, at('again.onnx'), { weights: 'int8' })
    expect(await readFile(at('again.onnx'))).toEqual(await readFile(at('int8.onnx')))
    await exportLayersModel(loaded, at('layers again'))
    for (const name of await readdir(at('layers'))) {
      expect((await readFile(at('layers again', name))).equals(await readFile(at('layers', name))), name).toBe(true)
    }
    loaded.dispose()
  })
})

test("tokenizer.json: Hugging Face's tokenizers give the same ids for 2,000 strings", async () => {
  const encode = await tokenizerOf(at('tokenizer.json'))
  const pieces = [..." '\"`.-n'tsdlre5,:()’“—…İΣ\u0301\u200d", "n't", "'s", '[MASK]', 'mr.', '...', '🙂', '東', 'film', ' warm ']
  const made = fc.sample(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 40 }), { numRuns: 1500, seed: 1 })
  const any = fc.sample(fc.string({ unit: 'grapheme', maxLength: 40 }), { numRuns: 500, seed: 2 })
  const different = [...made, ...any].filter((text) => {
    const ids = encode(text)
    return (ids.length === 0 ? [1] : ids).join() !== student.vocabulary.ids(text, 30).join()
  })
  expect(different).toEqual([])
})

test.each([
  ['exportOnnx', (fileSystem: FailingFileSystem) => exportOnnx(student, at('float32.onnx'), { weights: 'int8', fileSystem })],
  ['exportTokenizer', (fileSystem: FailingFileSystem) => exportTokenizer(student, at('tokenizer.json'), { fileSystem })],
  ['exportLayersModel', (fileSystem: FailingFileSystem) => exportLayersModel(student, at('layers'), { fileSystem })],
])('%s: whatever fails, what was there stays', async (_, write) => {
  const before = await contents(folder)
  const tensors = tf.memory().numTensors
  let failures = 0
  for (let failAt = 1; ; failAt++) {
    const fileSystem = new FailingFileSystem(failAt)
    try {
      await write(fileSystem)
      break
    } catch (error) {
      expect(error).toMatchObject({ kind: 'io' })
      failures++
    }
    expect(await contents(folder)).toEqual(before)
  }
  expect(failures).toBeGreaterThan(1)
  expect(tf.memory().numTensors).toBe(tensors)
})

test('a wrong option and weights that are not finite are refused before anything is written', async () => {
  await expect(exportOnnx(student, at('new.onnx'), { weights: 'int4' as 'int8' })).rejects.toMatchObject({
    kind: 'option',
    where: { option: 'weights' },
  })
  const broken = await createStudent(bilstm({ hidden: 4, dense: 4, dimensions: 4 }), { labels, vocabulary: student.vocabulary })
  const weights = broken.weights()
  weights['dense.bias']![1] = Number.NaN
  broken.setWeights(weights)
  const notFinite = { kind: 'numeric', where: { tensor: 'dense.bias' } }
  await expect(exportOnnx(broken, at('new.onnx'))).rejects.toMatchObject(notFinite)
  await expect(exportLayersModel(broken, at('new'))).rejects.toMatchObject(notFinite)
  expect(await readdir(folder)).not.toContain('new.onnx')
  broken.dispose()
})

/** All files below a folder, by path. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    found[file] = (await readFile(file)).toString('base64')
  }
  return found
}
