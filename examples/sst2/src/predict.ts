import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fromCaller } from '@kd/example-common'
import { loadStudent } from '@kd/students'
import { defaultOut } from './plan.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string', default: defaultOut } } })
const text = positionals.join(' ')
if (!text) {
  console.error('Give a text: npm run predict -- [--out DIR] "so good that I called my mother"')
  process.exit(2)
}
const student = await loadStudent(join(fromCaller(values.out), 'student'))
const { label, probability } = await student.predict(text)
console.log(`${label} (${(100 * probability).toFixed(1)} %)`)
student.dispose()
