import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

async function program(name: string, ...flags: string[]): Promise<string[]> {
  const path = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--conditions=@kd/source', '--import', 'tsx', path])
  return stdout.trim().split('\n')
}

it('a worker that runs out of memory rejects what waits; the next call has a fresh one', async () => {
  const [error, next] = await program('out-of-memory.ts', '--max-old-space-size=160')
  expect(error).toContain('the worker that holds ONNX Runtime is gone')
  expect(error).toContain('out of memory')
  expect(next).toBe('42')
})

it('two threads of a program compute at once, and alike', async () => {
  const [a, b] = JSON.parse((await program('in-a-thread.mjs'))[0]!) as [number, number]
  expect(a).toBe(b)
  expect(a).toBeCloseTo(1.5 ** 20, 0)
})
