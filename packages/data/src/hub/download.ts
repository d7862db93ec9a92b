import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { KdError, throwIfAborted } from '@kd/core'
import type { GrowingFile } from './disk.ts'
import type { HubFile } from './repository.ts'
import { hubRequest, PassingFailure, reasonOf, withRetries } from './request.ts'
import type { HubSettings } from './settings.ts'

/**
 * Downloads a file to `target`, whole and checked, or not at all. What a broken connection brought stands beside it as
 * `.incomplete`, and the next call goes on from there.
 * @throws KdError of kind `io` (network, disk), `format` (twice other bytes than the hub promised), `missing`, `aborted`
 */
export async function downloadFile(url: string, file: HubFile, target: string, settings: HubSettings): Promise<void> {
  const partial = `${target}.incomplete`
  const started = performance.now()
  const report = (done: number) =>
    settings.onProgress?.({
      stage: 'read',
      name: file.path,
      done,
      total: file.size,
      unit: 'bytes',
      seconds: (performance.now() - started) / 1000,
    })
  for (let last = false; ; last = true) {
    await withRetries(file.path, settings, (gotOn) => fetchRest(url, file, partial, settings, gotOn, report))
    const found = await hashOf(partial, file)
    if (found === file.hash) break
    await rm(partial, { force: true })
    if (last) {
      throw new KdError({
        kind: 'format',
        what: `its hash is ${found}, the hub promised ${file.hash}, twice in a row`,
        where: { file: url },
        fix: 'The file is damaged on its way or on the hub: try again later.',
      })
    }
  }
  await rename(partial, target)
}

/** One request for what is still missing. Returns once the file has its size. */
async function fetchRest(
  url: string,
  { path, size }: HubFile,
  partial: string,
  settings: HubSettings,
  gotOn: () => void,
  report: (done: number) => void,
): Promise<void> {
  let have = await sizeOf(partial)
  if (have > size) have = 0
  if (have === size && size > 0) return report(size)
  const response = await hubRequest(url, path, settings, have > 0 ? { range: `bytes=${have}-` } : {})
  // A hub that does not know ranges sends all from the start.
  if (have > 0 && !(response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`))) have = 0
  const writer = await onDisk(partial, () => settings.disk.open(partial, have > 0 ? 'end' : 'start'))
  try {
    for await (const chunk of bodyOf(response, settings)) {
      have += chunk.byteLength
      if (have > size) break
      await onDisk(partial, () => writer.write(chunk))
      gotOn()
      report(have)
    }
  } finally {
    await closed(writer, partial)
  }
  if (have === size) return
  if (have > size) {
    await rm(partial, { force: true })
    throw new KdError({
      kind: 'format',
      what: `it goes on beyond the ${size} bytes that the hub promised`,
      where: { file: url },
      fix: 'Try again later.',
    })
  }
  throw new PassingFailure(`the connection ended after ${have} of ${size} bytes`)
}

async function closed(writer: GrowingFile, partial: string): Promise<void> {
  await onDisk(partial, () => writer.close())
}

/** The body's chunks; a read that takes too long, or breaks off, is a passing failure. */
async function* bodyOf(response: Response, { timeout, signal }: HubSettings): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return
  let late: ReturnType<typeof setTimeout> | undefined
  const stop = () => void reader.cancel().catch(() => {})
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      let timedOut = false
      late = setTimeout(() => {
        timedOut = true
        stop()
      }, timeout)
      const { done, value } = await reader.read().catch((cause) => {
        throwIfAborted(signal)
        throw new PassingFailure(reasonOf(cause), { cause })
      })
      clearTimeout(late)
      throwIfAborted(signal)
      if (timedOut) throw new PassingFailure(`no byte came for ${timeout} ms`)
      if (done) return
      yield value
    }
  } finally {
    clearTimeout(late)
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

/** A disk that is full or broken is no passing failure: what was written is removed. */
async function onDisk<T>(partial: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    const { code } = cause as NodeJS.ErrnoException
    throw new KdError({
      kind: 'io',
      what: `writing failed with ${code ?? (cause as Error).message}; nothing of the file is left behind`,
      where: { file: partial },
      fix:
        code === 'ENOSPC'
          ? 'The disk is full: free space, or choose another place by HF_HUB_CACHE.'
          : 'Check the cache folder and its permissions.',
      cause,
    })
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )

/** SHA-256 where that was promised, else git's hash of a blob: SHA-1 of `blob SIZE\0` and the bytes. */
async function hashOf(path: string, { hash, size }: HubFile): Promise<string> {
  const digest = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
  for await (const chunk of createReadStream(path)) digest.update(chunk as Uint8Array)
  return digest.digest('hex')
}
