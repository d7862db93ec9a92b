import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Example, KdError } from '@kd/core'
import { OnnxGraph } from '@kd/core/onnx'
import { describe, expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../test/tiny-model.ts'
import { loadTeacher } from './load-teacher.ts'
import { OnnxTeacher, type OnnxTeacherOptions } from './onnx-teacher.ts'
import { BertTeacher } from './teacher.ts'

const fixture = (path: string) => readFile(fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url)))
const json = async (path: string) => JSON.parse(String(await fixture(path)))
type Files = Record<string, string | Uint8Array>

/** A family's folder with a graph in place of its weights. */
const withGraph = async (family: string, graph: string, place: string): Promise<Files> => ({
  'config.json': await fixture(`families/${family}/config.json`),
  'tokenizer.json': await fixture(`families/${family}/tokenizer.json`),
  'tokenizer_config.json': await fixture(`families/${family}/tokenizer_config.json`),
  [place]: await fixture(`onnx/${graph}`),
})
const rowsOf = async (family: string): Promise<(Example & { logits: number[] })[]> => (await json(`families/${family}/expected.json`)).rows
const distance = (actual: ArrayLike<number>, wanted: readonly number[]) =>
  Math.max(...wanted.map((value, i) => Math.abs(value - actual[i]!)))

/** A graph that takes these inputs and gives them back, cast and summed over a row, under this name. */
function graphOf(inputs: readonly string[], output: string, columns = 3, type: 'int32' | 'int64' = 'int64'): Uint8Array {
  const graph = new OnnxGraph()
  const [ids] = inputs.map((name) => graph.input(name, type, ['batch', 'length']))
  const float = graph.node('Cast', [ids!], { attributes: { to: 1 } })
  const sum = graph.node('ReduceSum', [float, graph.constant('int64', [1])])
  const wide = graph.node('Tile', [sum, graph.constant('int64', [1, columns])])
  graph.output(wide, output, 'float32', ['batch', columns])
  return graph.toBytes()
}

describe('OnnxTeacher', () => {
  it("gives PyTorch's logits of a graph that Optimum exported", async () => {
    const rows = await rowsOf('distilbert')
    await inFolder(await withGraph('distilbert', 'distilbert.onnx', 'model.onnx'), async (folder) => {
      const teacher = await OnnxTeacher.load(folder, { threads: 1 })
      expect(teacher).toMatchObject({
        name: folder,
        labels: ['LABEL_0', 'LABEL_1'],
        problemType: 'single_label_classification',
        maxLength: 40,
      })
      expect(teacher.fingerprint).toMatch(/^onnx [0-9a-f]{64} 40$/)
      const wanted = rows.flatMap(({ logits }) => logits)
      expect(distance(await teacher.logits(rows), wanted)).toBeLessThan(1e-4)
      expect([...teacher.lengths(rows.slice(2, 3)), ...teacher.lengths(rows.slice(5, 6))]).toEqual([2, 40])
      await teacher.dispose()
    })
  })

  it("gives onnxruntime's logits of a quantised graph, where transformers.js has it, segments included", async () => {
    const rows = await rowsOf('bert-cased')
    const wanted: number[][] = (await json('onnx/expected.json'))['bert-cased-quantized.onnx']
    await inFolder(await withGraph('bert-cased', 'bert-cased-quantized.onnx', 'onnx/model_quantized.onnx'), async (folder) => {
      const teacher = await loadTeacher(folder, { threads: 1, batchSize: 1 })
      expect(teacher).toBeInstanceOf(OnnxTeacher)
      expect(teacher.labels).toEqual(['no', 'maybe', 'yes'])
      const logits = await teacher.logits(rows)
      expect(distance(logits, wanted.flat())).toBeLessThan(1e-4)
      // Quantised, not another model: near to what the weights give.
      expect(
        distance(
          logits,
          rows.flatMap(({ logits }) => logits),
        ),
      ).toBeLessThan(1)
      await teacher.dispose()
    })
  })

  it('takes any graph of these inputs and this output, of 32 bits too', async () => {
    const { 'model.safetensors': _, ...others } = await tinyFiles()
    await inFolder({ ...others, 'model.onnx': graphOf(['input_ids', 'attention_mask'], 'logits', 3, 'int32') }, async (folder) => {
      const teacher = await OnnxTeacher.load(folder, { threads: 1, labels: ['a', 'b', 'c'] })
      expect([...(await teacher.logits([{ text: 'a' }]))]).toEqual([10, 10, 10])
      await teacher.dispose()
    })
  })

  it('is chosen where there are no weights, and by the name of its graph where there are', async () => {
    const files: Files = {
      ...(await withGraph('distilbert', 'distilbert.onnx', 'onnx/model.onnx')),
      'model.safetensors': await fixture('families/distilbert/model.safetensors'),
    }
    await inFolder(files, async (folder) => {
      const weights = await loadTeacher(folder, { threads: 1 })
      expect(weights).toBeInstanceOf(BertTeacher)
      const graph = await loadTeacher(folder, { threads: 1, file: 'onnx/model.onnx' })
      expect(graph).toBeInstanceOf(OnnxTeacher)
      await expect(OnnxTeacher.load(folder)).rejects.toMatchObject({ kind: 'mismatch', fix: expect.stringContaining('name the graph') })
      await expect(loadTeacher(folder, { file: 'onnx/model_q4.onnx' })).rejects.toMatchObject({
        kind: 'missing',
        what: 'it has no onnx/model_q4.onnx, but onnx/model.onnx',
      })
      for (const teacher of [weights, graph]) await teacher.dispose()
    })
    const { 'model.safetensors': _, ...graphAlone } = files
    await inFolder(graphAlone, async (folder) => {
      await expect(BertTeacher.load(folder)).rejects.toMatchObject({ kind: 'mismatch', fix: expect.stringContaining('OnnxTeacher.load') })
    })
  })
})

describe('OnnxTeacher.load refuses', () => {
  const refusal = async (files: Files, options: OnnxTeacherOptions = {}): Promise<KdError> => {
    const { 'model.safetensors': _, ...others } = await tinyFiles()
    return inFolder({ ...others, ...files }, (folder) =>
      OnnxTeacher.load(folder, { threads: 1, ...options }).then(
        () => expect.fail('it was loaded'),
        (error) => error,
      ),
    )
  }

  it.each<[string, Uint8Array, string, RegExp]>([
    ['other inputs', graphOf(['input_ids', 'position_ids'], 'logits'), 'mismatch', /its inputs are input_ids, position_ids/],
    ['no ids', graphOf(['attention_mask'], 'logits'), 'mismatch', /where input_ids/],
    [
      'hidden states alone',
      graphOf(['input_ids'], 'last_hidden_state'),
      'mismatch',
      /gives last_hidden_state, but no logits: it has no classification head/,
    ],
    ['a broken file', new Uint8Array(40), 'engine', /model\.onnx/],
  ])('a graph with %s', async (_, graph, kind, message) => {
    const error = await refusal({ 'model.onnx': graph })
    expect(error).toMatchObject({ name: 'KdError', kind })
    expect(error.message).toMatch(message)
  })

  it('labels that are not as many as the logits, a tokeniser of another model, a graph whose weights lie elsewhere', async () => {
    const graph = graphOf(['input_ids'], 'logits', 4)
    const named = JSON.stringify({ ...JSON.parse(String((await tinyFiles())['config.json'])), id2label: { 0: 'a', 1: 'b' } })
    expect(await refusal({ 'model.onnx': graph, 'config.json': named })).toMatchObject({
      kind: 'mismatch',
      what: expect.stringContaining('gives 4 logits'),
    })
    expect(await refusal({ 'model.onnx': graph, 'config.json': '{}' }, { labels: ['a'] })).toMatchObject({ kind: 'option' })
    const config = JSON.stringify({ vocab_size: 50_265 })
    expect(await refusal({ 'model.onnx': graph, 'config.json': config })).toMatchObject({
      kind: 'mismatch',
      what: expect.stringContaining('60 tokens'),
    })
    const apart = await refusal({ 'model.onnx': graph, 'model.onnx_data': new Uint8Array(8) })
    expect(apart).toMatchObject({ kind: 'mismatch', what: expect.stringContaining('model.onnx_data') })
  })
})
