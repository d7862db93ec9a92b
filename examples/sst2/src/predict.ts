import { fileURLToPath } from 'node:url'
import { loadStudent } from '@kd/students'

const text = process.argv.slice(2).join(' ')
if (!text) {
  console.error('Give a text: npm run predict -- "so good that I called my mother"')
  process.exit(2)
}
const student = await loadStudent(fileURLToPath(new URL('../out/student', import.meta.url)))
const { label, probability } = await student.predict(text)
console.log(`${label} (${(100 * probability).toFixed(1)} %)`)
student.dispose()
