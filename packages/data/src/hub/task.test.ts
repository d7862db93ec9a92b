import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HubServer } from '../../test/hub-server.ts'
import { type HubOptions, hubTask } from '../hub.ts'
import { type Cell, type Column, readTask, type TaskName, writeTable } from '../index.ts'

let hub: HubServer
let folder: string
const commit = 'bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c'
const train = 'qqp/train-00000-of-00001.parquet'

async function parquet(name: string, columns: readonly string[], rows: Cell[][]): Promise<Uint8Array> {
  const file = join(folder, name)
  const typed: Column[] = [...columns.map((column) => ({ name: column, type: 'text' as const })), { name: 'label', type: 'float' }]
  await writeTable(file, typed, rows)
  return readFile(file)
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-glue-'))
  const questions = (rows: Cell[][]) => parquet('some.parquet', ['question1', 'question2'], rows)
  const many = Array.from({ length: 400 }, (_, i): Cell[] => [`who is number ${i}?`, i === 7 ? '' : `what is ${i * i}?`, i % 2])
  hub = await HubServer.start('nyu-mll/glue', {
    'README.md': '# GLUE',
    [train]: await questions(many),
    'qqp/validation-00000-of-00001.parquet': await questions([['a?', 'b?', 1]]),
    'qqp/test-00000-of-00001.parquet': await questions([['c?', 'd?', -1]]),
    'sst2/train-00000-of-00002.parquet': await parquet('some.parquet', ['sentence'], [['warm', 1]]),
  })
  hub.commit = commit
})
afterEach(async () => {
  await hub.stop()
  await rm(folder, { recursive: true })
})
const load = (name: TaskName, options: HubOptions = {}) =>
  hubTask(name, { cache: join(folder, 'cache'), endpoint: hub.endpoint, backoff: 1, token: false, ...options })

describe('hubTask', () => {
  it('fetches the files of one task, which readTask reads; then asks nothing any more', async () => {
    const { train, dev, test } = await readTask('qqp', await load('qqp'))
    expect([train.length, dev.examples, test!.examples]).toEqual([
      399,
      [{ text: 'a?', pair: 'b?', label: 1 }],
      [{ text: 'c?', pair: 'd?' }],
    ])
    expect(hub.asked.filter((path) => path.startsWith('sst2') || path.endsWith('.md'))).toEqual([])
    hub.seen.length = 0
    await load('qqp')
    await load('qqp', { offline: true })
    expect(hub.seen).toEqual([])
  })

  it('goes on where a broken download broke, in the next call too; damaged bytes never become data', async () => {
    hub.fail(train, { breakAfter: 500 })
    await expect(load('qqp', { retries: 0 })).rejects.toMatchObject({
      kind: 'io',
      fix: expect.stringContaining('what came so far is kept'),
    })
    hub.seen.length = 0
    hub.fail(train, { damage: true })
    expect((await readTask('qqp', await load('qqp'))).train.length).toBe(399)
    expect(hub.seen.find(({ at, path }) => at === 'cdn' && path === train)?.range).toBe('bytes=500-')
  })

  it('offline without it, and a task that is there in part: one error that says what to do', async () => {
    await expect(load('qqp', { offline: true })).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringMatching(/not in the cache.*offline.*Load it once with a network/),
    })
    await load('qqp')
    await expect(load('sst2', { offline: true })).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringMatching(/sst2's part train 0 of 1/),
    })
    await expect(load('sst2')).rejects.toMatchObject({ kind: 'missing', message: expect.stringMatching(/sst2's part train 1 of 2/) })
  })

  it('refuses a task that is none; never takes what a branch has now for the fixed commit', async () => {
    await expect(load('sst3' as 'sst2')).rejects.toThrow(/"sst3"/)
    expect(hub.seen).toEqual([])
    hub.commit = 'b'.repeat(40)
    await expect(load('qqp')).rejects.toMatchObject({ kind: 'missing', what: expect.stringContaining(commit) })
    expect(await load('qqp', { revision: 'main' })).toContain(hub.commit)
  })
})
