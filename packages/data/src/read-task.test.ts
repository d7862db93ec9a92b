import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError } from '@kd/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTask } from './index.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-task-'))
})
afterEach(() => rm(folder, { recursive: true }))
const put = (name: string, contents: string) => writeFile(join(folder, name), contents)

describe("readTask('sst2')", () => {
  beforeEach(async () => {
    await put('train.tsv', 'sentence\tlabel\na warm film\t1\n')
    await put('dev.tsv', 'sentence\tlabel\na cold film\t0\n')
  })

  it('gives the parts as they are', async () => {
    const { train, dev, test, task } = await readTask('sst2', folder)
    expect(task).toEqual({ name: 'sst2', labels: ['negative', 'positive'], pairs: false, metrics: ['accuracy'] })
    expect([...train]).toEqual([{ text: 'a warm film', label: 1 }])
    expect([...dev]).toEqual([{ text: 'a cold film', label: 0 }])
    expect(test).toBeUndefined()
  })

  it.each([
    ['without labels', 'index\tsentence\n0\ta film\n'],
    ['with withheld labels', 'sentence\tlabel\na film\t-1\n'],
  ])('a test part %s', async (_, contents) => {
    await put('test.tsv', contents)
    const { test, task } = await readTask('sst2', folder)
    expect(test?.examples).toEqual([{ text: 'a film' }])
    expect(test?.task).toEqual(task)
  })

  it('train and dev must have labels', async () => {
    await put('dev.tsv', 'index\tsentence\n0\ta film\n')
    await expect(readTask('sst2', folder)).rejects.toThrow(/no column "label".*dev\.tsv:1/)
    await put('dev.tsv', 'sentence\tlabel\na film\t-1\n')
    await expect(readTask('sst2', folder)).rejects.toThrow(/"-1" is none of negative, positive/)
  })

  it('names the file that is not there', async () => {
    await rm(join(folder, 'dev.tsv'))
    const error = await readTask('sst2', folder).catch((thrown) => thrown)
    expect(KdError.isInstance(error, 'missing')).toBe(true)
    expect(error.message).toMatch(/no dev\.tsv/)
    expect(error.where.file).toBe(folder)
  })
})

it('refuses a task that is none', async () => {
  await expect(readTask('sst3' as 'sst2', folder)).rejects.toThrow(/"sst3".*sst2/)
})
