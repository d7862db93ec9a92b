import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fromCaller } from '@kd/example-common'
import { loadStudent } from '@kd/students'
import { defaultOut } from './plan.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string', default: defaultOut } } })
const [text, pair] = positionals
if (text === undefined || pair === undefined) {
  console.error('Give two questions: npm run predict:qqp -- [--out DIR] "Is it hard to cook rice?" "Is rice easy to cook?"')
  process.exit(2)
}
const student = await loadStudent(join(fromCaller(values.out), 'student'))
const [prediction] = await student.predict([{ text, pair }])
console.log(`${prediction!.label} (${(100 * prediction!.probability).toFixed(1)} %)`)
student.dispose()
