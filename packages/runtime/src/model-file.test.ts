import { KdError, writeSafetensors } from '@kd/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ModelConfig, modelFiles, tensorShapes } from './model-config.ts'
import { type ModelBytes, readModel } from './model-file.ts'
import { Vocabulary } from './vocabulary.ts'
import { writeModel } from './write-model.ts'

const vocabulary = Vocabulary.build(['a warm and clever little film'])
const config: ModelConfig = {
  formatVersion: 1,
  student: 'bilstm',
  labels: ['negative', 'positive'],
  vocabularySize: vocabulary.size,
  dimensions: 4,
  channels: 'both',
  hidden: 3,
  dense: 5,
  maxLength: 16,
  dropout: { words: 0.3, states: 0.3, dense: 0 },
}
const count = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1)
const weights = Object.fromEntries(
  Object.entries(tensorShapes(config)).map(([name, shape], index) => [name, new Float32Array(count(shape)).fill(index + 0.5)]),
)
const toBytes = (contents: Uint8Array | string) => (typeof contents === 'string' ? new TextEncoder().encode(contents) : contents)

function bytes(changes: Partial<Record<keyof ModelBytes, Uint8Array | string>> = {}): ModelBytes {
  const files = writeModel({ config, vocabulary, weights })
  const of = (name: keyof ModelBytes) => toBytes(changes[name] ?? files[modelFiles[name]]!)
  return { config: of('config'), weights: of('weights'), vocabulary: of('vocabulary') }
}

const configWith = (changes: object) => JSON.stringify({ ...config, ...changes })

function weightsWith(changes: Record<string, { data: Float32Array; shape: readonly number[] } | undefined>): Uint8Array {
  const tensors = Object.fromEntries(Object.entries(tensorShapes(config)).map(([name, shape]) => [name, { data: weights[name]!, shape }]))
  return writeSafetensors(
    Object.fromEntries(
      Object.entries({ ...tensors, ...changes }).filter((entry): entry is [string, (typeof tensors)[string]] => !!entry[1]),
    ),
  )
}

test('a model comes back as it was written', () => {
  const model = readModel(bytes())
  expect(model.config).toEqual(config)
  expect(model.vocabulary.words).toEqual(vocabulary.words)
  expect(model.weights).toEqual(weights)
})

test('weights that are not finite are not written', () => {
  const broken = { ...weights, 'dense.bias': new Float32Array(5).fill(Number.POSITIVE_INFINITY) }
  const write = () => writeModel({ config, vocabulary, weights: broken })
  expect(write).toThrow(expect.objectContaining({ kind: 'numeric', where: { tensor: 'dense.bias' } }))
})

test.each([
  ['an empty config.json', { config: '' }, 'format', 'not JSON'],
  ['a config.json cut in half', { config: configWith({}).slice(0, 60) }, 'format', 'not JSON'],
  ['the config.json of a BERT', { config: '{"model_type":"bert"}' }, 'format', 'no formatVersion'],
  [
    'an unknown version',
    { config: configWith({ formatVersion: 3 }) },
    'format',
    'formatVersion is 3, this version of @kd/runtime reads 1 and 2',
  ],
  ['weights of another version', { config: configWith({ weights: 'int8' }) }, 'format', 'weights is "int8"'],
  ['unknown weights', { config: configWith({ formatVersion: 2, weights: 'int2' }) }, 'format', 'weights is "int2"'],
  ['a packed student', { config: configWith({ formatVersion: 2, weights: 'int8' }) }, 'mismatch', 'packed as int8'],
  ['no label', { config: configWith({ labels: [] }) }, 'format', 'labels'],
  ['labels that are equal', { config: configWith({ labels: ['one', 'one'] }) }, 'format', 'labels'],
  ['hidden units below one', { config: configWith({ hidden: 0 }) }, 'format', 'hidden'],
  ['a dropout rate of one', { config: configWith({ dropout: { words: 1, states: 0, dense: 0 } }) }, 'format', 'dropout'],
  ['another vocabulary', { vocabulary: '[PAD]\n[UNK]\n[MASK]\na\n' }, 'mismatch', 'has 4 words'],
  ['a vocabulary that is no text', { vocabulary: Uint8Array.of(0xff, 0xfe) }, 'format', 'UTF-8'],
  ['other sizes than the weights', { config: configWith({ hidden: 4 }) }, 'mismatch', 'it is F32 [12,8]'],
  ['sizes beyond memory', { config: configWith({ hidden: 9999, dense: 99_999 }) }, 'mismatch', 'expected is F32'],
  ['a size beyond reason', { config: configWith({ hidden: 9_000_000 }) }, 'format', 'hidden'],
  ['a tensor too few', { weights: weightsWith({ 'dense.bias': undefined }) }, 'mismatch', 'dense.bias'],
  ['a tensor too many', { weights: weightsWith({ extra: { data: new Float32Array(1), shape: [1] } }) }, 'mismatch', 'extra'],
  ['NaN', { weights: weightsWith({ 'logits.bias': { data: Float32Array.of(0, Number.NaN), shape: [2] } }) }, 'format', 'not finite'],
  ['no weights', { weights: '' }, 'format', 'too few'],
])('refuses %s', (_, changes, kind, message) => {
  let error: unknown
  try {
    readModel(bytes(changes), 'my-student')
  } catch (caught) {
    error = caught
  }
  expect(error).toBeInstanceOf(KdError)
  expect(error).toMatchObject({ kind, message: expect.stringContaining(message), fix: expect.any(String) })
  expect((error as KdError).where.file).toMatch(/^my-student\//)
})

test('a file cut anywhere, or with a byte changed in the header, is a KdError or a model', () => {
  const whole = bytes()
  const file = fc.constantFrom('config', 'weights', 'vocabulary' as const)
  fc.assert(
    fc.property(
      file,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
      (name, place, byte, cut) => {
        const at = Math.floor(place * (Math.min(whole[name].length, 1500) - 1))
        const broken = whole[name].slice(0, cut ? at : undefined)
        if (!cut) broken[at] = byte
        try {
          readModel({ ...whole, [name]: broken })
        } catch (error) {
          expect(error).toBeInstanceOf(KdError)
        }
      },
    ),
    { numRuns: 1000 },
  )
})
