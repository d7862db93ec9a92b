import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Example, Random, type TensorToWrite, writeSafetensors } from '@kd/core'

/** Labelled sentences of a TSV with a header, the sentence in the first column and the label in the second. */
export async function readSentences(tsv: string): Promise<Example[]> {
  const lines = (await readFile(tsv, 'utf8')).split('\n').slice(1).filter(Boolean)
  return lines.map((line) => {
    const [text = '', label] = line.split('\t')
    return { text: text.trim(), label: Number(label) }
  })
}

/** A sentence as both sides train on it. */
export interface Encoded {
  readonly ids: Int32Array
  readonly label: number
}

/** `count` of the sentences, drawn by a fixed seed. */
export function sample<T>(sentences: readonly T[], count: number): T[] {
  const order = new Random(1, 'benchmark sentences').shuffle(Int32Array.from(sentences.keys()))
  return Array.from(order.subarray(0, count), (index) => sentences[index]!)
}

/** Full batches of sentences of like length, in shuffled order: what both sides train on. */
export function batchesOf(sentences: readonly Encoded[], size: number): Encoded[][] {
  const sorted = sentences.toSorted((a, b) => a.ids.length - b.ids.length)
  const batches: Encoded[][] = []
  for (let at = 0; at + size <= sorted.length; at += size) batches.push(sorted.slice(at, at + size))
  const order = new Random(1, 'benchmark batches').shuffle(Int32Array.from(batches.keys()))
  return Array.from(order, (index) => batches[index]!)
}

/** Batches as the peers read them: `N.ids` `[size, longest]`, padded with 0 behind, `N.lengths` and `N.labels`. */
export async function writeBatches(file: string, batches: readonly (readonly Encoded[])[]): Promise<void> {
  const tensors: Record<string, TensorToWrite> = {}
  batches.forEach((batch, index) => {
    const longest = Math.max(...batch.map(({ ids }) => ids.length))
    const ids = new Int32Array(batch.length * longest)
    batch.forEach((sentence, row) => {
      ids.set(sentence.ids, row * longest)
    })
    tensors[`${index}.ids`] = { data: ids, shape: [batch.length, longest] }
    tensors[`${index}.lengths`] = { data: Int32Array.from(batch, ({ ids }) => ids.length), shape: [batch.length] }
    tensors[`${index}.labels`] = { data: Int32Array.from(batch, ({ label }) => label), shape: [batch.length] }
  })
  await writeFile(file, writeSafetensors(tensors))
}

export const batchesFile = (folder: string, size: number): string => join(folder, `batches-${size}.safetensors`)
