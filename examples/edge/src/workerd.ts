import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

// CommonJS, whose default export loaders see differently: the path of the executable.
const { default: executable } = createRequire(import.meta.url)('workerd') as { default: string }

export interface Workerd {
  readonly url: string
  readonly child: ChildProcess
}

/**
 * Starts workerd on what `buildWorker` made, and waits until it listens.
 * @param port 0 takes a free one
 */
export async function startWorkerd(folder: string, port: number): Promise<Workerd> {
  const args = ['serve', join(folder, 'config.capnp'), `--socket-addr=http=127.0.0.1:${port}`, '--control-fd=3']
  const child = spawn(executable, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const told = once(child.stdio[3] as Readable, 'data').then(([line]) => JSON.parse(String(line)) as { port: number })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`workerd ended with ${code}`)
  })
  return { url: `http://127.0.0.1:${(await Promise.race([told, ended])).port}`, child }
}
