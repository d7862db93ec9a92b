// tsx ours-process.ts FOLDER DIMENSIONS: one run of @kd/runtime, its figures as the last line
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from '@kd/runtime'
import { measure, processor, quantile, times } from './measure.ts'
import type { Sentences } from './prepare.ts'

const [folder, dimensions] = process.argv.slice(2) as [string, string]
const bytes = await readFile(join(folder, `d${dimensions}`, 'int8', 'model.safetensors'))
const student = await load(bytes, { cacheBytes: 8_000_000 })
const out = new Float32Array(student.labels.length)
const values = await measure(folder, {
  ids: (ids) => student.logits(ids, out),
  text: (text) => student.predict(text),
  batch: (sentences) => {
    for (const ids of sentences) student.logits(ids, out)
  },
  fresh: async () => {
    const fresh = await load(bytes, { cacheBytes: 8_000_000 })
    return (ids) => fresh.logits(ids, out)
  },
})

const reads = await times(Array(40).fill(bytes), (bytes) => load(bytes), processor)
const pairs = await load(join(folder, `d${dimensions}`, 'siamese'))
const { warm, dev }: Sentences = JSON.parse(await readFile(join(folder, 'sentences.json'), 'utf8'))
const known = pairs.encode(warm.map(({ text }) => text))
const comparisons = await times(dev.slice(0, 20), ({ text }) => pairs.compare(text, known), processor)
const read = quantile(reads, 0.5)
const compared = (1000 * warm.length) / quantile(comparisons, 0.5)
console.log(JSON.stringify({ values: { ...values, read, compared }, version: student.engine }))
