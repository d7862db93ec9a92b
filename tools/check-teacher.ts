/**
 * Measures a teacher package against the single-precision checkpoint it was made from.
 *
 *   npm run check-teacher --workspace @kd/tools -- --teacher models/teacher-sst2 --reference FOLDER --data SST2_FOLDER
 *   npm run check-teacher --workspace @kd/tools -- --teacher models/teacher-qqp --reference FOLDER --data QQP_FOLDER
 *
 * Metrics on dev of both, equal arg-max on `--examples` train examples, logits of the golden file (made by PyTorch in
 * single precision), examples a second. Prints the rows of the card's table.
 */
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Example } from '@kd/core'
import { readTask, type TaskName } from '@kd/data'
import { BertTeacher } from '@kd/teacher-bert'
import { evaluate } from '@kd/trainer'

const { values } = parseArgs({
  options: {
    teacher: { type: 'string', default: 'models/teacher-sst2' },
    reference: { type: 'string' },
    data: { type: 'string' },
    examples: { type: 'string', default: '5000' },
  },
})
if (!values.reference || !values.data) throw new Error('usage: check-teacher --reference FOLDER --data FOLDER [--teacher FOLDER]')
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)

interface Golden {
  rows: { texts: [text: string, pair?: string]; logits: number[] }[]
}
const name = basename(values.teacher)
const golden: Golden = JSON.parse(await readFile(new URL(`../packages/teacher-bert/fixtures/${name}.json`, import.meta.url), 'utf8'))
const goldenExamples = golden.rows.map(({ texts: [text, pair] }): Example => (pair === undefined ? { text } : { text, pair }))
const { train, dev, task } = await readTask(name.replace('teacher-', '') as TaskName, place(values.data))
const { labels, metrics } = task
const count = Math.min(Number(values.examples), train.length)
const sample = Array.from({ length: count }, (_, i) => train.examples[Math.floor((i * train.length) / count)]!)

const topOf = (logits: Float32Array, row: number) => (logits[2 * row + 1]! > logits[2 * row]! ? 1 : 0)
const percent = (share: number) => `${(100 * share).toFixed(2)} %`

interface Measured {
  dev: Float32Array
  sample: Float32Array
}

async function measure(folder: string, arithmetic: 'float32' | 'int8'): Promise<Measured> {
  const teacher = await BertTeacher.load(place(folder), { arithmetic, labels })
  const onGolden = await teacher.logits(goldenExamples)
  const onDev = await evaluate(teacher, dev)
  const start = performance.now()
  const onSample = await teacher.logits(sample)
  const rate = (1000 * count) / (performance.now() - start)
  const distance = Math.max(...golden.rows.flatMap(({ logits }, row) => logits.map((value, i) => Math.abs(value - onGolden[2 * row + i]!))))
  const figures = metrics.map((metric) => percent(onDev.metrics[metric]!)).join(' | ')
  console.log(
    `| ${teacher.arithmetic} | ${(teacher.bytes / 1e6).toFixed(1)} MB | ${figures} | ${distance.toPrecision(2)} | ${rate.toFixed(0)} |`,
  )
  await teacher.dispose()
  return { dev: onDev.logits, sample: onSample }
}

console.log(
  `| arithmetic | weights | ${metrics.map((metric) => `dev ${metric}`).join(' | ')} | largest distance from PyTorch, ${golden.rows.length} examples | train examples a second |`,
)
console.log(`|${'---|'.repeat(4 + metrics.length)}`)
const reference = await measure(values.reference, 'float32')
for (const arithmetic of ['float32', 'int8'] as const) {
  const own = await measure(values.teacher, arithmetic)
  const equal = (key: 'dev' | 'sample', rows: number) =>
    Array.from({ length: rows }, (_, row) => topOf(own[key], row) === topOf(reference[key], row)).filter(Boolean).length
  const distances = own.sample.map((value, i) => Math.abs(value - reference.sample[i]!)).sort()
  console.log(
    `  int8 weights, ${arithmetic} products: same class as the checkpoint on ${equal('sample', count)} of ${count} train examples (${percent(equal('sample', count) / count)}), ` +
      `${equal('dev', dev.length)} of ${dev.length} dev examples; logits differ by ${distances[distances.length >> 1]!.toFixed(3)} (median), ` +
      `${distances[Math.floor(distances.length * 0.99)]!.toFixed(3)} (99 %), ${distances.at(-1)!.toFixed(3)} (most)`,
  )
}
process.exit(0)
