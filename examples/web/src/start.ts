import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { KdError } from '@kd/core'
import { preview } from 'vite'
import { buildPage, configFile, defaultOut, defaultStudent, foundPairs } from './build.ts'

const { values } = parseArgs({
  options: { student: { type: 'string' }, pairs: { type: 'string' }, port: { type: 'string', default: '4173' } },
})
const given = (path: string | undefined) => path && resolve(process.env.INIT_CWD ?? process.cwd(), path)
try {
  const pairs = given(values.pairs) ?? foundPairs()
  if (pairs === undefined) console.log('The page has no search: npm run demo:qqp makes a student of pairs.')
  const outDir = await buildPage(given(values.student) ?? defaultStudent, defaultOut, pairs)
  const server = await preview({ configFile, build: { outDir }, preview: { port: Number(values.port) } })
  server.printUrls()
} catch (error) {
  console.error(KdError.isInstance(error) ? error.message : error)
  process.exit(1)
}
