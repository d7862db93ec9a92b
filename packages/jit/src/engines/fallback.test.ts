import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { repairCommand } from './engine.ts'

const require = createRequire(import.meta.url)
const folderOf = (name: string) => dirname(require.resolve(`${name}/package.json`))
let project: string

/** This package in a place from where there is no onnxruntime-node. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'jit-'))
  await cp(fileURLToPath(new URL('..', import.meta.url)), join(project, 'src'), { recursive: true })
  for (const scope of ['@kd', '@tensorflow']) await mkdir(join(project, 'node_modules', scope), { recursive: true })
  const packages = ['@kd/core', ...['core', 'layers', 'backend-cpu', 'backend-wasm'].map((name) => `@tensorflow/tfjs-${name}`)]
  for (const name of packages) await symlink(folderOf(name), join(project, 'node_modules', name), 'junction')
  const { imports } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module', imports }))
  await writeFile(
    join(project, 'use.ts'),
    `import * as tf from '@tensorflow/tfjs-core'
import { adam, engine, jit, loadOnnx, trainStep } from './src/index.ts'
const warnings: string[] = []
process.on('warning', (warning) => warnings.push(\`\${(warning as { code?: string }).code}: \${warning.message}\`))
const square = jit((x: tf.Tensor) => tf.square(x))
const [y] = await Promise.all([square(tf.scalar(3)), square(tf.scalar(4)), engine()])
const w = tf.variable(tf.scalar(1))
const step = trainStep({ variables: [w], optimizer: adam({ learningRate: 0.5 }), seed: 1, loss: () => tf.square(w) as tf.Scalar })
await step.run({ inputs: {} })
await step.sync()
const refused = await loadOnnx(new Uint8Array(1)).catch((error) => error.message)
setImmediate(() => console.log(JSON.stringify({ warnings, y: y.dataSync()[0], w: w.dataSync()[0], refused })))
`,
  )
})
afterAll(() => rm(project, { recursive: true, force: true }))

async function use(environment: Record<string, string>) {
  const tsx = pathToFileURL(join(folderOf('tsx'), 'dist', 'loader.mjs')).href
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@kd/source', '--import', tsx, 'use.ts'], {
    cwd: project,
    env: { ...process.env, KD_ENGINE: '', ...environment },
  })
  return JSON.parse(stdout)
}

it('without the native engine all goes on on wasm, with one warning that holds the repair', async () => {
  const { warnings, y, w, refused } = await use({})
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain('KD_FALLBACK: ')
  expect(warnings[0]).toContain('TensorFlow.js (wasm)')
  expect(warnings[0]).toContain(repairCommand)
  expect(y).toBe(9)
  expect(w).toBeCloseTo(0.5, 6)
  expect(refused).toContain(repairCommand)
})

it('asked for the native engine it fails, with the repair', async () => {
  await expect(use({ KD_ENGINE: 'onnxruntime-node' })).rejects.toThrow(repairCommand)
})
