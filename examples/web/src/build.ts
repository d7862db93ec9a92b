import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import { modelFiles } from '@kd/runtime'
import { loadStudent } from '@kd/students'
import { build } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export const defaultStudent = here('../../sst2/out/student')
export const defaultOut = here('../out')
export const configFile = here('../vite.config.ts')

/**
 * Packs the student into one file and builds the page around it: static files in `out/page`, for any web server.
 * @param folder what student.save wrote
 */
export async function buildPage(folder: string, out: string): Promise<string> {
  const student = await loadStudent(folder).catch((cause) => {
    if (!KdError.isInstance(cause, 'missing')) throw cause
    const fix = 'Make one with npm run demo, or give the folder that student.save wrote.'
    throw new KdError({ kind: 'missing', what: `there is no student in ${folder}`, fix, cause })
  })
  await student.save(join(out, 'student'), { weights: 'int8' })
  student.dispose()
  const publicDir = join(out, 'public')
  const outDir = join(out, 'page')
  await mkdir(publicDir, { recursive: true })
  await copyFile(join(out, 'student', modelFiles.weights), join(publicDir, modelFiles.weights))
  await production(() => build({ configFile, publicDir, build: { outDir }, logLevel: 'error' }))
  return outDir
}

/** Vite builds for development where `NODE_ENV` says something else, as test runners have it. */
async function production(work: () => Promise<unknown>): Promise<void> {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    await work()
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}
