import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import { modelFiles } from '@kd/runtime'
import { loadStudent } from '@kd/students'
import { build } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** What `npm run demo` leaves. */
export const defaultStudent = here('../../sst2/out/student')
/** What `npm run demo:qqp` leaves: `student`, a student of pairs, and `questions.txt`, one question a line. */
export const defaultPairs = here('../../qqp/out')
export const defaultOut = here('../out')
export const configFile = here('../vite.config.ts')

/** So many are compared between two letters that are typed. */
const mostQuestions = 2000

/**
 * Packs the students into one file each and builds the page around them: static files in `out/page`, for any web server.
 * @param folder what student.save wrote
 * @param pairs a folder as that of `defaultPairs`; without one the page has no search
 */
export async function buildPage(folder: string, out: string, pairs?: string): Promise<string> {
  const publicDir = join(out, 'public')
  const outDir = join(out, 'page')
  await rm(publicDir, { recursive: true, force: true })
  await mkdir(publicDir, { recursive: true })
  await pack(folder, join(out, 'student'), join(publicDir, 'model.safetensors'))
  if (pairs !== undefined) {
    await pack(join(pairs, 'student'), join(out, 'student-of-pairs'), join(publicDir, 'pairs.safetensors'))
    const questions = (await readFile(join(pairs, 'questions.txt'), 'utf8')).split('\n').slice(0, mostQuestions)
    await writeFile(join(publicDir, 'questions.txt'), questions.join('\n'))
  }
  const define = { __SEARCH__: String(pairs !== undefined) }
  await production(() => build({ configFile, publicDir, define, build: { outDir }, logLevel: 'error' }))
  return outDir
}

/** Where the demo of pairs has been run. */
export const foundPairs = (): string | undefined => (existsSync(join(defaultPairs, 'questions.txt')) ? defaultPairs : undefined)

async function pack(folder: string, packed: string, file: string): Promise<void> {
  const student = await loadStudent(folder).catch((cause) => {
    if (!KdError.isInstance(cause, 'missing')) throw cause
    const fix = 'Make one with npm run demo, or give the folder that student.save wrote.'
    throw new KdError({ kind: 'missing', what: `there is no student in ${folder}`, fix, cause })
  })
  await student.save(packed, { weights: 'int8' })
  student.dispose()
  await copyFile(join(packed, modelFiles.weights), file)
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
