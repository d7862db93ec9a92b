import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Run } from './compare.ts'

const run = promisify(execFile)
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Runs a file of this folder in a process of its own, on the built packages; its last line is JSON. */
export async function ourProcess<T = Run>(file: string, args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', here(file), ...args])
  return lastLine(stdout)
}

/** Runs a program of `peers/` by the Python that KD_BENCH_PYTHON names; undefined where it names none. */
export async function pythonPeer<T = Run>(file: string, args: readonly string[]): Promise<T | undefined> {
  const python = process.env.KD_BENCH_PYTHON
  if (!python) return undefined
  const { stdout } = await run(python, [here(`../peers/${file}`), ...args])
  return lastLine(stdout)
}

const lastLine = <T>(stdout: string): T => JSON.parse(stdout.trim().split('\n').at(-1)!)
