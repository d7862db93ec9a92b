import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { root } from './packages.ts'
import { compilerPackages, type Finished, installedPackages, makeProject, type Project, resolutions } from './project.ts'
import { reviews } from './reviews.ts'
import { writeTinyTeacher } from './tiny-teacher.ts'

const names = ['@kd/augment', '@kd/data', '@kd/jit', '@kd/losses', '@kd/students', '@kd/teacher-bert', '@kd/trainer']

// npm before 11.19 runs onnxruntime-node's install script, which fetches CUDA from where not every machine reaches.
const withoutCuda = { ONNXRUNTIME_NODE_INSTALL: 'skip' }

async function prepare(...args: string[]): Promise<Project> {
  const project = await makeProject('composed', inject('registry'))
  await writeFile(join(project.folder, 'reviews.tsv'), reviews(240))
  await writeTinyTeacher(join(project.folder, 'vendor/tiny-teacher'))
  await project.install([...args, ...names, './vendor/tiny-teacher'], withoutCuda)
  return project
}

/** Runs the example, which must succeed: what it printed, and the result that it wrote. */
async function distil({ folder, run }: Project, ...args: string[]) {
  const finished = await run('node', ['main.js', ...args], { KD_THREADS: '1' })
  if (finished.code !== 0) throw new Error(finished.stderr)
  return { ...finished, result: JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) }
}

interface Result {
  history: { loss: number }[]
  before: { logits: number[] }
}

/** How far two runs are apart, in training losses and in the student's answer. */
function apart(one: Result, other: Result): number {
  const figures = ({ history, before }: Result) => [...history.map(({ loss }) => loss), ...before.logits]
  const others = figures(other)
  return Math.max(...figures(one).map((figure, i) => Math.abs(figure - others[i]!)))
}

/** Warnings of Node's kind that a run gave, by their codes. */
const warnings = ({ stderr }: Finished) => [...stderr.matchAll(/^\(node:\d+\) (?:\[(\w+)\])?/gm)].map(([, code]) => code)

let project: Project
beforeAll(async () => {
  project = await prepare(...compilerPackages)
  // What the first page shows is type-checked beside the program.
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const shown = [...readme.matchAll(/^```[jt]s\n([\s\S]*?)^```$/gm)].map(([, code]) => code!)
  expect(shown.length).toBeGreaterThan(1)
  for (const [index, code] of shown.entries()) await writeFile(join(project.folder, `readme-${index}.ts`), code)
})
afterAll(() => project?.remove())

describe('the composed example, installed by name', () => {
  it.each(resolutions)('type-checks with moduleResolution %s', async (resolution) => {
    expect(await project.compile(resolution)).toBe('')
  })

  it('distils a student on the native engine, silently', async () => {
    const { result, stdout, stderr } = await distil(project, '10', 'logits.lmdb')
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
    expect(result.engine).toMatchObject({ name: 'onnxruntime-node', native: true })
    expect(result.progress).toEqual(expect.arrayContaining(['label', 'train']))
    expect(result.transferred).toBeGreaterThan(200)
    expect(result.evaluation.metrics.accuracy).toBeGreaterThan(0.9)
    expect(result.before.label).toBe('positive')
    expect(result.after).toEqual(result.before)
  })

  it('has TensorFlow.js once', async () => {
    const installed = await installedPackages(project)
    for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@kd/core', '@kd/jit']) {
      expect(installed.filter((one) => one === name)).toEqual([name])
    }
  })

  it('names the command that installs a teacher that is not there', async () => {
    await writeFile(
      join(project.folder, 'missing.js'),
      `import { BertTeacher } from '@kd/teacher-bert'
       await BertTeacher.load('@kd/teacher-sst2').catch(({ kind, message }) => console.log(JSON.stringify({ kind, message })))`,
    )
    const { stdout } = await project.run('node', ['missing.js'])
    expect(JSON.parse(stdout)).toEqual({ kind: 'missing', message: expect.stringContaining('npm install @kd/teacher-sst2') })
  })
})

describe('the same without optional packages', () => {
  let bare: Project
  beforeAll(async () => {
    bare = await prepare('--omit=optional')
    await cp(join(project.folder, 'main.js'), join(bare.folder, 'main.js'))
  })
  afterAll(() => bare?.remove())

  it('distils the same student on TensorFlow.js, with one warning that repairs it', async () => {
    expect((await installedPackages(bare)).filter((name) => name.startsWith('onnxruntime'))).toEqual([])
    const fallback = await distil(bare, '1')
    expect(fallback.result.engine).toMatchObject({ name: 'tfjs', native: false })
    expect(warnings(fallback)).toEqual(['KD_FALLBACK'])
    expect(fallback.stderr).toContain('npm install onnxruntime-node')
    const native = await distil(project, '1')
    expect(apart(fallback.result, native.result)).toBeLessThan(1e-3)
  })

  it('says which command brings the logit store, whose native code is optional too', async () => {
    const { code, stderr } = await bare.run('node', ['main.js', '1', 'logits.lmdb'])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/KdError: .*npm install/)
  })
})
