import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, KdError } from '@kd/core'
import { load } from '@kd/runtime'
import type { Student } from '@kd/students'
import type { ReportRow } from '../report/facts.ts'
import { type MeasuredModel, type MeasureOptions, measure } from './measure.ts'

export interface MeasurePackedOptions extends MeasureOptions {
  /** `int8`, or 4 bits for word vectors. Default: `int8`. */
  weights?: 'int8' | 'int4'
  /** On which the packed student's labels are compared with those in single precision: the first 20,000. */
  compared?: readonly Example[]
}

const mostCompared = 20_000

/**
 * A report's row of students as they are served: packed by `student.save`, answering by @kd/runtime.
 * @param students one for each seed. Size, latency and share of equal labels are the first one's.
 * @throws KdError as `measure` and `student.save` do
 */
export async function measurePacked(name: string, students: readonly Student[], options: MeasurePackedOptions): Promise<ReportRow> {
  const { weights = 'int8', compared = [], ...measuring } = options
  const [first] = students
  if (!first) throw new KdError({ kind: 'option', what: `there is no student to measure for row ${name}`, where: { option: 'students' } })
  const folder = await mkdtemp(join(tmpdir(), 'kd-packed-'))
  try {
    const examples = compared.slice(0, mostCompared)
    const models: MeasuredModel[] = []
    const sameLabel: ReportRow['sameLabel'][] = []
    for (const student of students) {
      const place = join(folder, String(models.length))
      const asked = student === first && examples.length > 0
      const { bytes, agreement } = await student.save(place, { weights, ...(asked && { measure: { examples } }) })
      models.push({ ...(await served(place)), parameters: student.parameters, bytes })
      if (agreement.examples) sameLabel.push({ share: agreement.examples.sameLabel, examples: agreement.examples.examples })
    }
    const row = await measure(name, models, measuring)
    return { ...row, ...(sameLabel[0] && { sameLabel: sameLabel[0] }) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A saved student, asked by @kd/runtime. */
async function served(folder: string): Promise<MeasuredModel> {
  const student = await load(folder)
  const { labels } = student
  return {
    name: student.kind,
    labels,
    async logits(examples) {
      const logits = new Float32Array(examples.length * labels.length)
      examples.forEach((example, row) => {
        student.logits(example, logits.subarray(row * labels.length, (row + 1) * labels.length))
      })
      return logits
    },
  }
}
