import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { madeUp, packedOf } from '../../fixtures/made-up.ts'
import { referenceLogits } from '../../fixtures/reference.ts'
import { type ModelConfig, modelFiles } from '../model-config.ts'
import type { Model } from '../model-file.ts'
import { Vocabulary } from '../vocabulary.ts'
import { writeModel } from '../write-model.ts'
import { writePacked } from '../write-packed.ts'
import { type LoadOptions, load } from './load.ts'
import { servePacked } from './served.ts'
import { serveModel } from './single-precision.ts'

/** Off a reference in double precision that has the same whole numbers: activations in 16 bits, a rational tanh. */
const tolerance = 2e-3

const engines = [
  ['wasm', {}],
  ['javascript', { wasm: false }],
] as const satisfies [string, LoadOptions][]

const texts = [
  'a warm and clever little film',
  'the plot makes no sense at all',
  'perfect',
  '',
  'words that nobody knows',
  'never again and again and again and again and again and again and again and again and again and again',
]

function bytesOf(model: Model) {
  const files = writeModel(model)
  const bytes = (name: string) => (typeof files[name] === 'string' ? new TextEncoder().encode(files[name]) : files[name]!)
  return { config: bytes(modelFiles.config), weights: bytes(modelFiles.weights), vocabulary: bytes(modelFiles.vocabulary) }
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, within: number): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!), `[${i}]`).toBeLessThan(within)
}

const shapes: [string, Partial<ModelConfig>][] = [
  ['the least of all', { hidden: 1, dense: 1, dimensions: 1 }],
  ['one short of a block', { hidden: 7, dense: 31, dimensions: 7 }],
  ['a block', { hidden: 8, dense: 32, dimensions: 8 }],
  ['one more than a block', { hidden: 9, dense: 33, dimensions: 9, labels: ['a', 'b', 'c', 'd', 'e'] }],
  ['two channels', { channels: 'both', dimensions: 5 }],
  ["the paper's size", { hidden: 150, dense: 200, dimensions: 100 }],
  ['more columns than 16 bits times 8 bits may sum up', { hidden: 40, dense: 20, dimensions: 600 }],
  ['pairs', { student: 'siamese' }],
  ['pairs, larger', { student: 'siamese', hidden: 50, dense: 60, dimensions: 20, labels: ['other', 'same', 'unsure'] }],
]

test.each(engines)('%s: answers as the formulas do', async (engine, options) => {
  for (const [name, shape] of shapes) {
    const model = madeUp(shape)
    for (const form of ['float32', 'int8', 'int4'] as const) {
      const packed = form === 'float32' ? undefined : packedOf(model, form)
      const served = packed ? servePacked(packed) : serveModel(model)
      const student = await load(packed ? writePacked(packed) : bytesOf(model), options)
      expect(student.engine).toBe(engine)
      const pair = model.config.student === 'siamese'
      // The reference is slow.
      const some = model.config.hidden > 30 ? texts.slice(0, 2) : texts
      for (const [at, text] of some.entries()) {
        const other = texts[(at + 1) % texts.length]!
        const expected = referenceLogits(served, student.ids(text), pair ? student.ids(other) : undefined)
        const logits = student.logits(pair ? { text, pair: other } : text)
        expect(logits, `${name}, ${form}, ${text}`).toHaveLength(expected.length)
        expectClose(logits, expected, tolerance)
      }
    }
  }
})

/** PyTorch's numbers: words whose vectors are the fixture's inputs, so that a text is one of its sequences. */
function golden(file: 'lstm' | 'siamese') {
  const fixture = JSON.parse(readFileSync(new URL(`../../fixtures/${file}.json`, import.meta.url), 'utf8'))
  const sequences: number[][][] =
    file === 'lstm' ? fixture.x.map((x: number[][], i: number) => x.slice(0, fixture.lengths[i])) : [...fixture.a, ...fixture.b]
  const wordOf = (sequence: number, step: number) => `word${sequence}x${step}`
  const texts = sequences.map((steps, sequence) => steps.map((_, step) => wordOf(sequence, step)).join(' '))
  const vocabulary = Vocabulary.build([texts.join(' ')])
  const vectors = new Map(sequences.flatMap((steps, sequence) => steps.map((vector, step) => [wordOf(sequence, step), vector] as const)))
  const weights: Record<string, Float32Array> = {}
  for (const [name, values] of Object.entries<number[]>(fixture.parameters)) {
    if (name.includes('bias_hh')) continue
    const second = fixture.parameters[name.replace('bias_ih', 'bias_hh')] as number[]
    weights[name] = Float32Array.from(values.flat() as number[], (value, i) => (name.includes('bias_ih') ? value + second[i]! : value))
  }
  weights['embeddings.static'] = Float32Array.from(vocabulary.words.flatMap((word) => vectors.get(word) ?? [0, 0, 0, 0, 0]))
  const { config } = madeUp({ student: file === 'lstm' ? 'bilstm' : 'siamese', dimensions: 5, hidden: 4, dense: 6 })
  const model: Model = { config: { ...config, vocabularySize: vocabulary.size }, vocabulary, weights }
  return { model, texts, logits: fixture.logits as number[][] }
}

test.each(engines)("%s: PyTorch's logits, off by the rounding of weights to 8 bits", async (_, options) => {
  const single = golden('lstm')
  const student = await load(bytesOf(single.model), options)
  for (const [i, text] of single.texts.entries()) expectClose(student.logits(text), single.logits[i]!, 5e-3)
  const pairs = golden('siamese')
  const siamese = await load(bytesOf(pairs.model), options)
  for (const [i, expected] of pairs.logits.entries()) {
    expectClose(siamese.logits({ text: pairs.texts[i]!, pair: pairs.texts[i + 3]! }), expected, 5e-3)
  }
})

test.each(engines)('%s: the same again, in a batch, from ids, and with room for few words', async (_, options) => {
  const model = madeUp({ hidden: 20, dense: 12, maxLength: 8 })
  const student = await load(bytesOf(model), options)
  const small = await load(bytesOf(model), { ...options, cacheBytes: 0 })
  const each = texts.map((text) => student.predict(text))
  expect(texts.map((text) => student.predict(text))).toEqual(each)
  expect(student.predictBatch([...texts, ...texts])).toEqual([...each, ...each])
  const out = new Float32Array(2)
  for (let round = 0; round < 3; round++) {
    for (const [at, text] of texts.entries()) {
      expect([...student.logits(student.ids(text), out)]).toEqual(each[at]!.logits)
      expect(small.predict(text)).toEqual(each[at])
    }
  }
  expect(each[0]!.label).toBe(student.labels[each[0]!.logits.indexOf(Math.max(...each[0]!.logits))])
  expect(each[0]!.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1)
})

test.each(engines)('%s: known texts are read once, then compared', async (_, options) => {
  const labels = ['different', 'duplicate']
  const student = await load(bytesOf(madeUp({ student: 'siamese', labels, hidden: 10, dense: 9 })), options)
  const known = student.encode(texts)
  const comparison = student.compare('a dull film', known)
  const one = texts.map((pair) => student.predict({ text: 'a dull film', pair }))
  expect([...comparison.logits]).toEqual(one.flatMap(({ logits }) => logits))
  const ranked = one
    .map(({ probabilities }, index) => ({ index, probability: probabilities[1] }))
    .sort((a, b) => b.probability! - a.probability!)
  expect(comparison.top(3)).toMatchObject(ranked.slice(0, 3))
  expect(comparison.top(99)).toHaveLength(texts.length)
  expect(comparison.top(1, 'different')[0]!.index).toBe(ranked.at(-1)!.index)
  expect(
    student
      .compare(
        'a dull film',
        JSON.parse(JSON.stringify({ length: 0 }), () => ({ length: 0, states: new Float32Array() })),
      )
      .top(5),
  ).toEqual([])
  expect(() => comparison.top(1, 'same')).toThrow(/same is none of different, duplicate/)
  expect(() => student.compare('a', { length: 2, states: new Float32Array(3) })).toThrow(/2 texts of this student have 40 numbers/)
})

test('texts are ranked by a score, where there is one', async () => {
  const student = await load(bytesOf(madeUp({ student: 'siamese', labels: ['score'], hidden: 10, dense: 9 })))
  const comparison = student.compare('a dull film', student.encode(texts))
  const scores = [...comparison.logits]
  expect(comparison.top(texts.length).map(({ logits }) => logits[0])).toEqual(scores.toSorted((a, b) => b - a))
})

test('refuses what it cannot read', async () => {
  const single = await load(bytesOf(madeUp()))
  const pairs = await load(bytesOf(madeUp({ student: 'siamese' })))
  expect(() => single.predict({ text: 'a', pair: 'b' })).toThrow(expect.objectContaining({ kind: 'data' }))
  expect(() => pairs.predict('a')).toThrow(expect.objectContaining({ kind: 'data' }))
  expect(() => single.encode(['a'])).toThrow(/encode needs a student of pairs/)
  expect(() => pairs.logits(Int32Array.of(3))).toThrow(/ids needs a student of single texts/)
  for (const ids of [[], [0], [-1], [999], new Array(33).fill(3)]) {
    expect(() => single.logits(Int32Array.from(ids)), `${ids}`).toThrow(expect.objectContaining({ kind: 'option' }))
  }
  expect(() => single.logits('a', new Float32Array(3))).toThrow(/3 places for 2 logits/)
})
