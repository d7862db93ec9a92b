import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSafetensors, type TensorToWrite, toFloat32, writeSafetensors } from '@kd/core'
import { writeFolderAtomic } from '@kd/core/node'

type Files = Record<string, string | Uint8Array>

const fixture = (name: string) => readFile(new URL(`../fixtures/tiny-bert/${name}`, import.meta.url))

/** A vocabulary for tiny-bert's 60 embeddings: special tokens, then `a` to `z`, then pieces `##a` to `##z`, then words. */
export const tinyVocabulary = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...'abcdefghijklmnopqrstuvwxyz',
  ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `##${letter}`),
  ...['film', 'good', 'bad'],
].join('\n')

/** The tensors of tiny-bert, to be changed and written again. */
export async function tinyTensors(): Promise<Record<string, TensorToWrite>> {
  const { tensors } = readSafetensors(await fixture('model.safetensors'))
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, { data: toFloat32(tensor, name).slice(), shape: tensor.shape }]))
}

/** The files of a model folder: tiny-bert with a vocabulary. */
export async function tinyFiles(): Promise<Files> {
  return {
    'config.json': String(await fixture('config.json')),
    'model.safetensors': await fixture('model.safetensors'),
    'vocab.txt': tinyVocabulary,
  }
}

/** Writes a folder of these files into a temporary place, which is removed after `use`. */
export async function inFolder<T>(files: Files, use: (folder: string) => Promise<T>): Promise<T> {
  const place = await mkdtemp(join(tmpdir(), 'kd-teacher-'))
  try {
    const folder = join(place, 'model')
    await writeFolderAtomic(folder, files)
    return await use(folder)
  } finally {
    await rm(place, { recursive: true })
  }
}

export const tinyWeights = async (change: (tensors: Record<string, TensorToWrite>) => void): Promise<Uint8Array> => {
  const tensors = await tinyTensors()
  change(tensors)
  return writeSafetensors(tensors)
}
