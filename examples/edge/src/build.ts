import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import { modelFiles } from '@kd/runtime'
import { loadStudent } from '@kd/students'
import { build } from 'esbuild'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export const defaultStudent = here('../../sst2/out/student')

const configuration = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "student", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "student")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "model.safetensors", data = embed "model.safetensors"),
    (name = "kernels.wasm", wasm = embed "kernels.wasm"),
  ],
  compatibilityDate = "2026-01-01",
);
`

/**
 * Makes a folder that workerd serves: the worker in one file, the student packed into another, WebAssembly, configuration.
 * @param student the folder that student.save wrote
 */
export async function buildWorker(student: string, out: string): Promise<void> {
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'model.safetensors'), await packed(student, join(out, 'student')))
  await writeFile(join(out, 'kernels.wasm'), await readFile(createRequire(import.meta.url).resolve('@kd/runtime/kernels.wasm')))
  await writeFile(join(out, 'config.capnp'), configuration)
  await build({
    entryPoints: [here('./worker.ts')],
    outfile: join(out, 'worker.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['@kd/source'],
    external: ['*.safetensors', '*.wasm'],
    logLevel: 'silent',
  })
}

/** The bytes of the student's one file for serving. */
async function packed(folder: string, to: string): Promise<Uint8Array> {
  const student = await loadStudent(folder).catch((cause) => {
    if (!KdError.isInstance(cause, 'missing')) throw cause
    const fix = 'Make one with npm run demo, or give the folder that student.save wrote.'
    throw new KdError({ kind: 'missing', what: `there is no student in ${folder}`, fix, cause })
  })
  await student.save(to, { weights: 'int8' })
  student.dispose()
  return readFile(join(to, modelFiles.weights))
}
