import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KdError } from '@kd/core'
import { buildWorker, defaultStudent } from './build.ts'
import { startWorkerd } from './workerd.ts'

const { values } = parseArgs({ options: { student: { type: 'string' }, port: { type: 'string', default: '8787' } } })
const out = fileURLToPath(new URL('../out', import.meta.url))
try {
  const student = values.student === undefined ? defaultStudent : resolve(process.env.INIT_CWD ?? process.cwd(), values.student)
  await buildWorker(student, out)
  const { url, child } = await startWorkerd(out, Number(values.port))
  console.log(`${url}/predict?text=so+good+that+I+called+my+mother`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
} catch (error) {
  console.error(KdError.isInstance(error) ? error.message : error)
  process.exitCode = 1
}
