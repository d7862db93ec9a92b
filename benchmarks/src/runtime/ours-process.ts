// tsx ours-process.ts FOLDER DIMENSIONS: one run of @kd/runtime, its figures as the last line
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from '@kd/runtime'
import { measure } from './measure.ts'

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
console.log(JSON.stringify({ values, version: student.engine }))
