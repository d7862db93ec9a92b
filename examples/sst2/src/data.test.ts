import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cell, writeTable } from '@kd/data'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HubServer } from '../../../packages/data/test/hub-server.ts'
import { glueData } from './data.ts'
import { planOf } from './plan.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-demo-data-'))
  vi.stubEnv('HF_HUB_CACHE', join(folder, 'cache'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

it('--data glue reads what the hub has, and asks it once', async () => {
  const parquet = async (rows: Cell[][]) => {
    const file = join(folder, 'some.parquet')
    const columns = [
      { name: 'sentence', type: 'text' },
      { name: 'label', type: 'float' },
    ] as const
    await writeTable(file, columns, rows)
    return readFile(file)
  }
  const hub = await HubServer.start('nyu-mll/glue', {
    'sst2/train-00000-of-00001.parquet': await parquet(Array.from({ length: 200 }, (_, i) => [`film number ${i}`, i % 2])),
    'sst2/validation-00000-of-00001.parquet': await parquet([['a warm film', 1]]),
    'sst2/test-00000-of-00001.parquet': await parquet([['a film', -1]]),
  })
  // The commit that is asked for.
  hub.commit = 'bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c'
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  try {
    const { title, train, validation, test } = await glueData('glue')
    expect(title).toBe('GLUE SST-2, reported on dev')
    expect([train.length, validation.length, test.examples]).toEqual([190, 10, [{ text: 'a warm film', label: 1 }]])
    hub.seen.length = 0
    expect((await glueData('glue', 100)).train.length).toBe(95)
    expect(hub.seen).toEqual([])
  } finally {
    await hub.stop()
  }
})

it('says what given parts have in common', async () => {
  const row = (i: number) => `a rather warm film about number ${i}\t${i % 2}\n`
  const train = Array.from({ length: 200 }, (_, i) => row(i)).join('')
  await writeFile(join(folder, 'train.tsv'), `sentence\tlabel\n${train}`)
  await writeFile(join(folder, 'dev.tsv'), `sentence\tlabel\n${row(1)}${row(2)}${row(999)}`)
  const { notes } = await planOf(['--data', folder, '--small'])
  expect(notes.join()).toMatch(/examples of test have a text that stands in train too, [12] of them are there as a whole/)
})

it('--data glue without a network is one clear error', async () => {
  vi.stubEnv('HF_HUB_OFFLINE', '1')
  await expect(planOf(['--data', 'glue', '--small'])).rejects.toThrow(
    /sst2 of GLUE can't be fetched: nyu-mll\/glue@\w+ is not in the cache.*HF_HUB_OFFLINE.*--data DIR/,
  )
})
