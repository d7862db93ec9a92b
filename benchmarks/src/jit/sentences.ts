import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Example, Random, type TensorToWrite, writeSafetensors } from '@kd/core'

/** Labelled sentences of a TSV with a header, the sentence in the first column and the label in the second. */
export async function readSentences(tsv: string): Promise<Example[]> {
  const { rows } = await readRows(tsv)
  return rows.map(([text = '', label]) => ({ text: text.trim(), label: Number(label) }))
}

/** Labelled pairs of a TSV with the columns `question1`, `question2` and, last, the label. */
export async function readPairs(tsv: string): Promise<Example[]> {
  const { header, rows } = await readRows(tsv)
  const [first, second] = ['question1', 'question2'].map((name) => header.indexOf(name)) as [number, number]
  return rows.map((cells) => ({ text: cells[first]!, pair: cells[second]!, label: Number(cells.at(-1)) }))
}

async function readRows(tsv: string): Promise<{ header: string[]; rows: string[][] }> {
  const lines = (await readFile(tsv, 'utf8')).split('\n').filter(Boolean)
  const [header = [], ...rows] = lines.map((line) => line.split('\t'))
  return { header, rows }
}

/** A sentence or a pair as both sides train on it. */
export interface Encoded {
  /** Word ids; of a pair as the student encodes it. */
  readonly ids: Int32Array
  readonly label: number
}

/** `count` of the sentences, drawn by a fixed seed. */
export function sample<T>(sentences: readonly T[], count: number): T[] {
  const order = new Random(1, 'benchmark sentences').shuffle(Int32Array.from(sentences.keys()))
  return Array.from(order.subarray(0, count), (index) => sentences[index]!)
}

/** About `count` examples that are batches of `size` of all of them, from the shortest to the longest at equal distances. */
export function everyFewBatches(examples: readonly Encoded[], count: number, size: number, length: (ids: Int32Array) => number): Encoded[] {
  const sorted = examples.toSorted((a, b) => length(a.ids) - length(b.ids))
  const distance = Math.max(1, Math.floor(sorted.length / size) / (count / size))
  const batches: Encoded[][] = []
  for (let at = distance / 2; size * (Math.floor(at) + 1) <= sorted.length; at += distance) {
    batches.push(sorted.slice(size * Math.floor(at), size * (Math.floor(at) + 1)))
  }
  return batches.flat()
}

/** Full batches of examples of like `length`, in shuffled order: what both sides train on. */
export function batchesOf(examples: readonly Encoded[], size: number, length: (ids: Int32Array) => number): Encoded[][] {
  const sorted = examples.toSorted((a, b) => length(a.ids) - length(b.ids))
  const batches: Encoded[][] = []
  for (let at = 0; at + size <= sorted.length; at += size) batches.push(sorted.slice(at, at + size))
  const order = new Random(1, 'benchmark batches').shuffle(Int32Array.from(batches.keys()))
  return Array.from(order, (index) => batches[index]!)
}

/**
 * Batches as the peers read them: `N.ids` `[texts, longest]`, padded with 0 behind, `N.lengths` `[texts]` and `N.labels`
 * `[size]`. Of pairs all first texts come first, then all second ones.
 * @param textsOf word ids of an example's texts
 */
export async function writeBatches(
  file: string,
  batches: readonly (readonly Encoded[])[],
  textsOf = (ids: Int32Array): readonly Int32Array[] => [ids],
): Promise<void> {
  const tensors: Record<string, TensorToWrite> = {}
  batches.forEach((batch, index) => {
    const examples = batch.map(({ ids }) => textsOf(ids))
    const texts = examples[0]!.flatMap((_, side) => examples.map((example) => example[side]!))
    const longest = Math.max(...texts.map(({ length }) => length))
    const ids = new Int32Array(texts.length * longest)
    texts.forEach((text, row) => {
      ids.set(text, row * longest)
    })
    tensors[`${index}.ids`] = { data: ids, shape: [texts.length, longest] }
    tensors[`${index}.lengths`] = { data: Int32Array.from(texts, ({ length }) => length), shape: [texts.length] }
    tensors[`${index}.labels`] = { data: Int32Array.from(batch, ({ label }) => label), shape: [batch.length] }
  })
  await writeFile(file, writeSafetensors(tensors))
}

export const batchesFile = (folder: string, size: number): string => join(folder, `batches-${size}.safetensors`)
