// Our side of the rows `label`: the sentences of FOLDER/sentences.txt to logits in a store, all of them for each line read.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BertTeacher, quantize } from '@kd/teacher-bert'
import { labelTransferSet } from '@kd/trainer'
import { serve } from '../servers.ts'

const [folder = '', rows] = process.argv.slice(2)
if (!folder) throw new Error('usage: label-server FOLDER [SENTENCES]')
const texts = (await readFile(join(folder, 'sentences.txt'), 'utf8')).split('\n').slice(0, rows ? Number(rows) : undefined)
const sentences = texts.map((text) => ({ text }))
const { teacher } = await quantize(await BertTeacher.load(join(folder, 'classifier')))

async function epoch() {
  // A new store each time: nothing is labelled already.
  const place = await mkdtemp(join(folder, 'store-'))
  const began = performance.now()
  const transfer = await labelTransferSet(sentences, teacher, { store: join(place, 'logits.lmdb') })
  const value = (1000 * sentences.length) / (performance.now() - began)
  await transfer.close()
  await rm(place, { recursive: true })
  await writeFile(join(folder, 'ours.f32'), transfer.logits)
  return { value, texts: transfer.counts.texts }
}

await serve({ epoch })
