import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProgressEvent } from '@kd/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HubServer } from '../test/hub-server.ts'
import { nodeDisk } from './hub/disk.ts'
import { type HubOptions, hubSnapshot } from './hub.ts'

const id = 'somebody/model'
const large = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251)
const all = (paths: readonly string[]) => paths

let hub: HubServer
let cache: string
const load = (options: HubOptions = {}, choose: (paths: readonly string[]) => readonly string[] = all, name = id) =>
  hubSnapshot(name, choose, { cache, endpoint: hub.endpoint, backoff: 1, token: false, ...options })
/** What lies in the cache: files of the blobs, files of all snapshots. */
const held = async () => {
  const names = (folder: string) => readdir(join(cache, 'models--somebody--model', folder), { recursive: true }).catch(() => [])
  return { blobs: await names('blobs'), snapshots: (await names('snapshots')).filter((name) => /\.\w+$/.test(name)) }
}
const isLarge = async (path: string) => (await readFile(path)).equals(large)
const nothing = { blobs: [], snapshots: [] }

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'kd-hub-'))
  hub = await HubServer.start(id, { 'config.json': '{"a": 1}', 'sub dir/weights.bin': large, 'empty.txt': '' })
})
afterEach(async () => {
  await hub.stop()
  await rm(cache, { recursive: true })
  vi.unstubAllEnvs()
})

describe('hubSnapshot', () => {
  it('downloads the chosen files, laid out as Python has them, and downloads nothing twice', async () => {
    const { folder, commit, files } = await load({}, (paths) => paths.filter((path) => path !== 'empty.txt'))
    expect(commit).toBe(hub.commit)
    expect(files).toEqual(['config.json', 'sub dir/weights.bin'])
    expect(folder).toBe(join(cache, 'models--somebody--model', 'snapshots', commit))
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{"a": 1}')
    expect(await isLarge(join(folder, 'sub dir', 'weights.bin'))).toBe(true)
    expect(await readlink(join(folder, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/)
    expect(await readlink(join(folder, 'sub dir', 'weights.bin'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/)
    expect(await readFile(join(cache, 'models--somebody--model', 'refs', 'main'), 'utf8')).toBe(commit)
    hub.seen.length = 0
    await load()
    expect(hub.asked).toEqual(['api', 'empty.txt'])
    hub.seen.length = 0
    await load({ revision: commit })
    expect(hub.asked).toEqual([])
  })

  it('follows a branch to its new commit, and keeps what has not changed', async () => {
    const old = await load()
    hub.commit = 'b'.repeat(40)
    hub.seen.length = 0
    const fresh = await load()
    expect(fresh.commit).toBe(hub.commit)
    expect(hub.asked).toEqual(['api'])
    expect(await readFile(join(old.folder, 'config.json'), 'utf8')).toBe(await readFile(join(fresh.folder, 'config.json'), 'utf8'))
  })

  it('works offline with what is there, by option or environment, and says what is not', async () => {
    await expect(load({ offline: true })).rejects.toMatchObject({ kind: 'missing', what: expect.stringContaining('offline') })
    expect(hub.seen).toEqual([])
    await load()
    hub.seen.length = 0
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect((await load()).files).toEqual(['config.json', 'empty.txt', 'sub dir/weights.bin'])
    await expect(load({ revision: 'other' })).rejects.toMatchObject({ kind: 'missing' })
    expect(hub.seen).toEqual([])
  })

  it('takes cache, endpoint and token from the environment', async () => {
    hub.token = 'secret'
    vi.stubEnv('HF_HUB_CACHE', join(cache, 'elsewhere'))
    vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/`)
    vi.stubEnv('HF_TOKEN', 'secret')
    const { folder } = await hubSnapshot(id, all)
    expect(folder).toContain('elsewhere')
    vi.stubEnv('HF_TOKEN', undefined)
    vi.stubEnv('HF_TOKEN_PATH', join(cache, 'token'))
    await writeFile(join(cache, 'token'), 'secret\n')
    hub.commit = 'c'.repeat(40)
    expect((await hubSnapshot(id, all)).commit).toBe(hub.commit)
  })

  it('gives the token to the hub alone, not to the host it redirects to', async () => {
    hub.token = 'secret'
    await load({ token: 'secret' })
    expect(hub.seen.filter(({ at }) => at === 'hub').every(({ authorization }) => authorization === 'Bearer secret')).toBe(true)
    expect(hub.seen.filter(({ at }) => at === 'cdn')).toEqual([expect.objectContaining({ authorization: undefined })])
  })

  it('downloads data sets', async () => {
    const { folder } = await load({ type: 'dataset' })
    expect(folder).toContain('datasets--somebody--model')
  })

  it('reports bytes as they come', async () => {
    const events: ProgressEvent[] = []
    await load({ onProgress: (event) => void events.push(event) }, () => ['sub dir/weights.bin'])
    expect(events.at(-1)).toMatchObject({
      stage: 'read',
      name: 'sub dir/weights.bin',
      done: large.length,
      total: large.length,
      unit: 'bytes',
    })
    expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).sort((a, b) => a - b))
  })
})

describe('a download that goes wrong', () => {
  const weights = 'sub dir/weights.bin'

  it.each([
    ['breaks', { breakAfter: 70_000 }],
    ['stands still', { stallAfter: 70_000 }],
    ['is cut short', { cutTo: 70_000 }],
  ])('goes on where the connection %s', async (_, fault) => {
    hub.fail(weights, fault)
    const { folder } = await load({ timeout: 200 })
    expect(await isLarge(join(folder, weights))).toBe(true)
    const ranges = hub.seen.filter(({ at }) => at === 'cdn').map(({ range }) => range)
    expect(ranges).toHaveLength(2)
    expect(Number(/^bytes=(\d+)-$/.exec(ranges[1]!)![1])).toBeGreaterThan(0)
  })

  it('goes on in a later call, and starts anew where the server knows no ranges', async () => {
    for (const [commit, fault] of [
      ['a', {}],
      ['b', { noRanges: true }],
    ] as const) {
      await rm(cache, { recursive: true })
      hub.commit = commit.repeat(40)
      hub.fail(weights, { breakAfter: 70_000 })
      await expect(load({ retries: 0 })).rejects.toMatchObject({ kind: 'io', what: expect.stringContaining('failed 1 times') })
      expect((await held()).snapshots).toEqual([])
      expect((await held()).blobs).toContainEqual(expect.stringMatching(/\.incomplete$/))
      hub.fail(weights, fault)
      hub.seen.length = 0
      const { folder } = await load()
      expect(await isLarge(join(folder, weights))).toBe(true)
      expect(hub.seen.find(({ at }) => at === 'cdn')!.range).toMatch(/^bytes=\d+-$/)
      expect((await held()).blobs.filter((name) => name.endsWith('.incomplete'))).toEqual([])
    }
  })

  it('counts failures anew once bytes have come', async () => {
    hub.fail(weights, ...Array.from({ length: 6 }, () => ({ breakAfter: 30_000 })))
    const { folder } = await load({ retries: 1 })
    expect(await isLarge(join(folder, weights))).toBe(true)
  })

  it('fetches a file of another hash once more, then gives up and leaves nothing', async () => {
    hub.fail(weights, { damage: true })
    const { folder } = await load()
    expect(await isLarge(join(folder, weights))).toBe(true)
    await rm(cache, { recursive: true })
    hub.fail(weights, { damage: true }, { damage: true })
    await expect(load({}, () => [weights])).rejects.toMatchObject({ kind: 'format', what: expect.stringContaining('twice in a row') })
    expect(await held()).toEqual(nothing)
  })

  it('is a small file of another hash, or one that goes on and on', async () => {
    hub.fail('config.json', { damage: true }, { damage: true })
    await expect(load({}, () => ['config.json'])).rejects.toMatchObject({ kind: 'format' })
    hub.fail(weights, { append: large })
    await expect(load({}, () => [weights])).rejects.toMatchObject({ kind: 'format', what: expect.stringContaining('goes on beyond') })
    expect(await held()).toEqual(nothing)
  })

  it('is a file that stays too short: an error, and no file', async () => {
    hub.fail(weights, ...Array.from({ length: 9 }, () => ({ cutTo: 0 })))
    await expect(load({ retries: 3 }, () => [weights])).rejects.toMatchObject({
      kind: 'io',
      what: expect.stringContaining('failed 4 times, at last with: the connection ended after 0 of 200000 bytes'),
    })
    expect((await held()).snapshots).toEqual([])
  })

  it('meets a full disk: one error that says so, nothing half-written', async () => {
    let room = 100_000
    const full = {
      async open(path: string, from: 'end' | 'start') {
        const file = await nodeDisk.open(path, from)
        return {
          ...file,
          async write(bytes: Uint8Array) {
            await file.write(bytes.subarray(0, Math.max(0, room)))
            if ((room -= bytes.length) < 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
          },
        }
      },
    }
    await expect(load({ disk: full }, () => [weights])).rejects.toMatchObject({
      kind: 'io',
      what: expect.stringContaining('ENOSPC'),
      fix: expect.stringContaining('The disk is full'),
    })
    expect(await held()).toEqual(nothing)
  })

  it('is stopped: what came is kept for the next call', async () => {
    const controller = new AbortController()
    const stopped = load({ signal: controller.signal, onProgress: ({ done }) => void (done > 1000 && controller.abort()) }, () => [weights])
    await expect(stopped).rejects.toMatchObject({ kind: 'aborted' })
    expect((await held()).snapshots).toEqual([])
    await expect(load({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' })
    expect(await isLarge(join((await load()).folder, weights))).toBe(true)
  })
})

describe('a hub that refuses', () => {
  it('401: a private or absent repository, with and without a token', async () => {
    hub.token = 'secret'
    await expect(load()).rejects.toMatchObject({
      kind: 'io',
      what: expect.stringMatching(/answers 401 to somebody\/model@main: Repository not found/),
      fix: expect.stringContaining('It may not exist, or it is private or gated'),
    })
    const refused = await load({ token: 'wrong' }).catch((error) => error)
    expect(refused).toMatchObject({ kind: 'io', fix: expect.stringContaining('The token may not read it') })
    expect(refused.message).not.toContain('wrong')
    expect(hub.asked).toEqual(['api', 'api'])
  })

  it('404: no such repository, revision, file', async () => {
    await expect(load({}, all, 'somebody/else')).rejects.toMatchObject({ kind: 'missing', what: expect.stringContaining('RepoNotFound') })
    await expect(load({ revision: 'dev' })).rejects.toMatchObject({ kind: 'missing', what: expect.stringContaining('RevisionNotFound') })
    hub.fail('config.json', { status: 404, headers: { 'x-error-code': 'EntryNotFound' } })
    await expect(load()).rejects.toMatchObject({ kind: 'missing', what: expect.stringContaining('config.json: EntryNotFound') })
  })

  it('429 and 500: waits as long as it is told, not for ever', async () => {
    hub.fail('api', { status: 429, headers: { 'retry-after': '0' } }, { status: 503 })
    hub.fail('config.json', { status: 500 }, { status: 429, headers: { 'retry-after': new Date(Date.now() - 1000).toUTCString() } })
    await load()
    hub.fail('api', ...Array.from({ length: 9 }, () => ({ status: 429 })))
    await expect(load({ retries: 2 })).rejects.toMatchObject({ kind: 'io', what: expect.stringContaining('failed 3 times') })
    hub.fail('api', { status: 429, headers: { 'retry-after': '3600' } })
    await expect(load()).rejects.toMatchObject({ kind: 'io', what: expect.stringContaining('asks to wait 3600 seconds') })
  })

  it('is not there', async () => {
    const { endpoint } = hub
    await hub.stop()
    await expect(load({ endpoint, retries: 1 })).rejects.toMatchObject({ kind: 'io', what: expect.stringContaining('ECONNREFUSED') })
  })

  it('is no hub', async () => {
    for (const [fault, message] of [
      [{ cutTo: 5 }, 'not JSON'],
      [{ cutTo: 0 }, 'not JSON'],
    ] as const) {
      hub.fail('api', fault)
      await expect(load()).rejects.toMatchObject({ kind: 'format', what: expect.stringContaining(message) })
    }
  })
})

it.each<[string, string, HubOptions]>([
  ['id', '../model', {}],
  ['id', 'a/b/c', {}],
  ['id', 'a--b/c', {}],
  ['id', 'a/..', {}],
  ['revision', id, { revision: '../main' }],
  ['revision', id, { revision: 'a b' }],
  ['retries', id, { retries: -1 }],
  ['timeout', id, { timeout: Number.NaN }],
])('refuses the %s of %s %j before it asks anybody', async (option, name, options) => {
  await expect(load(options, all, name)).rejects.toMatchObject({ kind: 'option', where: { option } })
  expect(hub.seen).toEqual([])
})
