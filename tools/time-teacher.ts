/**
 * Sentences a second of a teacher, from text to logits, for batches of 32, 64 and 128 on one and two threads.
 *
 *   npm run time-teacher --workspace @kd/tools -- --data SST2_FOLDER [--teacher models/teacher-sst2] [--sentences 2048] [--rounds 3]
 *
 * Real SST-2 train sentences at even distances; the settings take turns, the median of the rounds is shown. Processor time stands
 * beside the clock's, which means little while other work runs.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readTask } from '@kd/data'
import { BertTeacher } from '@kd/teacher-bert'

const { values } = parseArgs({
  options: {
    teacher: { type: 'string', default: 'models/teacher-sst2' },
    data: { type: 'string' },
    sentences: { type: 'string', default: '2048' },
    rounds: { type: 'string', default: '3' },
  },
})
if (!values.data) throw new Error('usage: time-teacher --data FOLDER [--teacher FOLDER]')
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const { train } = await readTask('sst2', place(values.data))
const count = Math.min(Number(values.sentences), train.length)
const sample = Array.from({ length: count }, (_, i) => train.examples[Math.floor((i * train.length) / count)]!)
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!

const settings = (['int8', 'float32'] as const).flatMap((arithmetic) =>
  [1, 2].flatMap((threads) =>
    [32, 64, 128].map((batchSize) => ({ arithmetic, threads, batchSize, seconds: [] as number[], processor: [] as number[] })),
  ),
)
for (let round = 0; round < Number(values.rounds); round++) {
  for (const { arithmetic, threads, batchSize, seconds, processor } of settings) {
    const teacher = await BertTeacher.load(place(values.teacher), { arithmetic, threads, batchSize })
    await teacher.logits(sample.slice(0, 64))
    const [before, start] = [process.cpuUsage(), performance.now()]
    await teacher.logits(sample)
    seconds.push((performance.now() - start) / 1000)
    const { user, system } = process.cpuUsage(before)
    processor.push((user + system) / 1e6)
    await teacher.dispose()
  }
}
console.log('| products | threads | batch | sentences a second | a second of processor time |\n|---|---|---|---|---|')
for (const { arithmetic, threads, batchSize, seconds, processor } of settings) {
  console.log(
    `| ${arithmetic} | ${threads} | ${batchSize} | ${(count / median(seconds)).toFixed(0)} | ${(count / median(processor)).toFixed(0)} |`,
  )
}
process.exit(0)
