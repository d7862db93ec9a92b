/**
 * Measures a teacher package against the single-precision checkpoint it was made from.
 *
 *   npm run check-teacher --workspace @kd/tools -- --teacher models/teacher-sst2 --reference FOLDER --data SST2_FOLDER
 *
 * Accuracy on GLUE dev of both, equal arg-max on `--sentences` train sentences, logits of the golden file (made by PyTorch in
 * single precision), sentences a second. Prints the rows of the card's table.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Example } from '@kd/core'
import { readTask } from '@kd/data'
import { BertTeacher } from '@kd/teacher-bert'

const { values } = parseArgs({
  options: {
    teacher: { type: 'string', default: 'models/teacher-sst2' },
    reference: { type: 'string' },
    data: { type: 'string' },
    sentences: { type: 'string', default: '5000' },
  },
})
if (!values.reference || !values.data) throw new Error('usage: check-teacher --reference FOLDER --data FOLDER [--teacher FOLDER]')
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)

interface Golden {
  rows: { texts: string[]; logits: number[] }[]
}
const golden: Golden = JSON.parse(await readFile(new URL('../packages/teacher-bert/fixtures/teacher-sst2.json', import.meta.url), 'utf8'))
const goldenExamples = golden.rows.map(({ texts }): Example => ({ text: texts[0]! }))
const { train, dev } = await readTask('sst2', place(values.data))
const count = Math.min(Number(values.sentences), train.length)
const sample = Array.from({ length: count }, (_, i) => train.examples[Math.floor((i * train.length) / count)]!)

const topOf = (logits: Float32Array, row: number) => (logits[2 * row + 1]! > logits[2 * row]! ? 1 : 0)
const percent = (share: number) => `${(100 * share).toFixed(2)} %`

interface Measured {
  golden: Float32Array
  dev: Float32Array
  sample: Float32Array
}

async function measure(folder: string, arithmetic: 'float32' | 'int8'): Promise<Measured> {
  const teacher = await BertTeacher.load(place(folder), { arithmetic, labels: ['negative', 'positive'] })
  const onGolden = await teacher.logits(goldenExamples)
  const onDev = await teacher.logits(dev.examples)
  const start = performance.now()
  const onSample = await teacher.logits(sample)
  const rate = (1000 * count) / (performance.now() - start)
  const right = dev.examples.filter(({ label }, row) => topOf(onDev, row) === label).length
  const distance = Math.max(...golden.rows.flatMap(({ logits }, row) => logits.map((value, i) => Math.abs(value - onGolden[2 * row + i]!))))
  console.log(
    `| ${teacher.arithmetic} | ${(teacher.bytes / 1e6).toFixed(1)} MB | ${percent(right / dev.length)} (${right} of ${dev.length}) | ${distance.toPrecision(2)} | ${rate.toFixed(0)} |`,
  )
  await teacher.dispose()
  return { golden: onGolden, dev: onDev, sample: onSample }
}

console.log(
  '| arithmetic | weights | GLUE dev accuracy | largest distance from PyTorch, 32 sentences | train sentences a second |\n|---|---|---|---|---|',
)
const reference = await measure(values.reference, 'float32')
for (const arithmetic of ['float32', 'int8'] as const) {
  const own = await measure(values.teacher, arithmetic)
  const equal = (key: 'dev' | 'sample', rows: number) =>
    Array.from({ length: rows }, (_, row) => topOf(own[key], row) === topOf(reference[key], row)).filter(Boolean).length
  const distances = own.sample.map((value, i) => Math.abs(value - reference.sample[i]!)).sort()
  console.log(
    `  int8 weights, ${arithmetic} products: same class as the checkpoint on ${equal('sample', count)} of ${count} train sentences (${percent(equal('sample', count) / count)}), ` +
      `${equal('dev', dev.length)} of ${dev.length} dev sentences; logits differ by ${distances[distances.length >> 1]!.toFixed(3)} (median), ` +
      `${distances[Math.floor(distances.length * 0.99)]!.toFixed(3)} (99 %), ${distances.at(-1)!.toFixed(3)} (most)`,
  )
}
process.exit(0)
