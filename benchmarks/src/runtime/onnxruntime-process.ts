// tsx onnxruntime-process.ts FOLDER DIMENSIONS float32|int8: one run of onnxruntime-node on one thread
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Vocabulary } from '@kd/runtime'
import { env, InferenceSession, Tensor } from 'onnxruntime-node'
import { measure } from './measure.ts'

const [folder, dimensions, weights] = process.argv.slice(2) as [string, string, string]
const vocabulary = Vocabulary.fromText(await readFile(join(folder, `d${dimensions}`, 'float32', 'vocabulary.txt'), 'utf8'))
const threads = { intraOpNumThreads: 1, interOpNumThreads: 1 }
const session = await InferenceSession.create(join(folder, `d${dimensions}`, `${weights}.onnx`), threads)
const logits = async (sentences: readonly Int32Array[]) => {
  const data = BigInt64Array.from(sentences.flatMap((ids) => Array.from(ids, BigInt)))
  return (await session.run({ input_ids: new Tensor('int64', data, [sentences.length, sentences[0]!.length]) }, ['logits'])).logits!.data
}
const values = await measure(folder, {
  ids: (ids) => logits([ids]),
  text: (text) => logits([vocabulary.ids(text, 128)]),
  batch: logits,
})
console.log(JSON.stringify({ values, version: env.versions.node }))
