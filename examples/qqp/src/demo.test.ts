import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runDemo } from '@kd/example-common/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { planOf } from './plan.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
let out: string
beforeAll(async () => void (out = await mkdtemp(join(tmpdir(), 'kd-demo-'))))
afterAll(() => rm(out, { recursive: true }))

it('ends in a table, a report, nearest questions and a student', async () => {
  const args = ['--small', '--out', out]
  const { code, printed } = await runDemo(main, args)
  expect(code, printed).toBe(0)
  expect(printed).toMatch(/^GENERATED question pairs/m)
  for (const row of ['teacher', 'alone-random', 'alone', 'distilled', 'distilled int8'])
    expect(printed).toMatch(new RegExp(`^${row} +\\d`, 'm'))
  expect(printed.match(/^nearest of/gm)).toHaveLength(2)
  expect(printed.match(/^ +\d+ % {2}.*\?$/gm)).toHaveLength(6)

  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
  expect(report).toMatchObject({
    task: 'generated question pairs',
    seeds: [1],
    data: { train: 40, unlabelled: 40, validation: 30, test: 30 },
  })
  for (const { metrics } of report.rows) {
    expect(metrics.accuracy.test).toHaveLength(1)
    expect(metrics.f1.test).toHaveLength(1)
  }
  expect(existsSync(join(out, 'student', 'model.safetensors'))).toBe(true)
}, 240_000)

it.each([
  ['a folder that is not there', 'no-such-folder', /no-such-folder/],
  ['columns that are not questions', 'other', /question1.*"a", "b", "label"/],
])('%s is one clear error', async (_, folder, message) => {
  await mkdir(join(out, 'other'), { recursive: true })
  for (const part of ['train', 'dev']) await writeFile(join(out, 'other', `${part}.tsv`), 'a\tb\tlabel\nx\ty\t1\n')
  await expect(planOf(['--data', join(out, folder)])).rejects.toMatchObject({ name: 'KdError', message: expect.stringMatching(message) })
})
