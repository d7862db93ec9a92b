/**
 * What packing changes in a saved student: its label on 20,000 train sentences and on dev, its accuracy there.
 *
 *   npm run check-packing --workspace @kd/tools -- --student STUDENT_FOLDER --data SST2_FOLDER
 *
 * The student is one in single precision, of `npm run demo`; the sentences lie at even distances.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readTask } from '@kd/data'
import { loadStudent } from '@kd/students'

const { values } = parseArgs({ options: { student: { type: 'string' }, data: { type: 'string' } } })
if (!values.data || !values.student) throw new Error('usage: check-packing --student FOLDER --data FOLDER')
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const { train, dev } = await readTask('sst2', place(values.data))
const student = await loadStudent(place(values.student))
const count = Math.min(20_000, train.length)
const sample = Array.from({ length: count }, (_, i) => train.examples[Math.floor((i * train.length) / count)]!)
const folder = await mkdtemp(join(tmpdir(), 'kd-packing-'))
try {
  const percent = (share: number) => Number((100 * share).toFixed(3))
  const rows = []
  for (const weights of ['int8', 'int4'] as const) {
    const { bytes, agreement } = await student.save(join(folder, weights), { weights, measure: { train: sample, dev: dev.examples } })
    const { train: ofTrain, dev: ofDev } = agreement
    rows.push({
      weights,
      bytes,
      'same label, train': percent(ofTrain!.sameLabel),
      'same label, dev': percent(ofDev!.sameLabel),
      'accuracy on dev': percent(ofDev!.accuracy!.packed),
      'in single precision': percent(ofDev!.accuracy!.float32),
    })
  }
  console.table(rows)
} finally {
  await rm(folder, { recursive: true })
}
process.exit()
