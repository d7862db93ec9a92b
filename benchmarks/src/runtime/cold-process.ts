// tsx cold-process.ts FOLDER DIMENSIONS kd|float32|int8: milliseconds from files to the first answer, in a new process
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processor } from './measure.ts'

const [folder, dimensions, side] = process.argv.slice(2) as [string, string, string]
const place = join(folder, `d${dimensions}`)
const text = "it 's a charming and often affecting journey through a small town , and its people are not what they seem ."
const began = performance.now()
let imported: number
let before: number
if (side === 'kd') {
  const { load } = await import('@kd/runtime')
  imported = performance.now()
  before = processor()
  const student = await load(join(place, 'int8'))
  student.predict(text)
} else {
  const { Vocabulary } = await import('@kd/runtime')
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  imported = performance.now()
  before = processor()
  const vocabulary = Vocabulary.fromText(readFileSync(join(place, 'float32', 'vocabulary.txt'), 'utf8'))
  const session = await InferenceSession.create(join(place, `${side}.onnx`), { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const ids = vocabulary.ids(text, 128)
  await session.run({ input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]) }, ['logits'])
}
const end = performance.now()
const spent = processor() - before
console.log(JSON.stringify({ values: { cold: end - imported, withImport: end - began, spent }, version: process.versions.node }))
