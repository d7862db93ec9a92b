import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { KdError } from '@kd/core'
import { preview } from 'vite'
import { buildPage, configFile, defaultOut, defaultStudent } from './build.ts'

const { values } = parseArgs({ options: { student: { type: 'string' }, port: { type: 'string', default: '4173' } } })
try {
  const folder = values.student === undefined ? defaultStudent : resolve(process.env.INIT_CWD ?? process.cwd(), values.student)
  const outDir = await buildPage(folder, defaultOut)
  const server = await preview({ configFile, build: { outDir }, preview: { port: Number(values.port) } })
  server.printUrls()
} catch (error) {
  console.error(KdError.isInstance(error) ? error.message : error)
  process.exit(1)
}
