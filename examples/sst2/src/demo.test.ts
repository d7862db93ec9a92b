import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { interruptAfter, runDemo } from '@kd/example-common/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { planOf } from './plan.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
let out: string
beforeAll(async () => void (out = await mkdtemp(join(tmpdir(), 'kd-demo-'))))
afterAll(() => rm(out, { recursive: true }))

const run = (args: readonly string[], watch?: ReturnType<typeof interruptAfter>) => runDemo(main, args, watch)

it('stops on Ctrl-C in each stage, goes on from there, and ends in a table, a report and a student', async () => {
  const args = ['--small', '--out', out]
  const inLabelling = await run(args, interruptAfter(/^read .*\n/m))
  expect(inLabelling.printed).toContain('stopped on request')
  expect(inLabelling.printed).not.toContain('391 sentences')
  expect(inLabelling.code).toBe(1)
  const inTraining = await run(args, interruptAfter(/^measure teacher .*\n/m))
  expect(inTraining.printed).toContain('stopped on request')
  expect(inTraining.code).toBe(1)
  expect(existsSync(join(out, 'student'))).toBe(false)

  const { code, printed } = await run(args)
  expect(code, printed).toBe(0)
  for (const row of ['teacher', 'alone-random', 'alone', 'distilled', 'distilled int8'])
    expect(printed).toMatch(new RegExp(`^${row} +\\d`, 'm'))
  expect(printed).toMatch(/300 review sentences of the npm package sentiment/)
  expect(printed.match(/(negative|positive) \d+ % /g)).toHaveLength(5)

  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
  expect(report).toMatchObject({
    task: 'review sentences',
    seeds: [1],
    data: { train: 210, validation: 30, test: 60 },
    settings: { optimizer: 'adam', batch: 32, dimensions: 50 },
  })
  for (const { metrics, parameters, bytes, latencyMs } of report.rows) {
    expect(metrics.accuracy.test).toHaveLength(1)
    expect(metrics.accuracy.validation).toHaveLength(1)
    expect(parameters.total).toBeGreaterThan(parameters.withoutEmbeddings)
    expect(bytes).toBeGreaterThan(0)
    expect(latencyMs.p95).toBeGreaterThanOrEqual(latencyMs.p50)
  }
  expect(Object.keys(report.seconds)).toEqual(['augment', 'label', 'train', 'evaluate', 'total'])
  expect(report.rows.at(-1)).toMatchObject({ name: 'distilled int8', sameLabel: { examples: 210 } })
  expect(existsSync(join(out, 'student', 'model.safetensors'))).toBe(true)
  expect(readFileSync(join(out, 'student-int8', 'README.md'), 'utf8')).toMatch(/\| train \| 210 \| \d/)
}, 240_000)

it('an option it does not know is one clear error', async () => {
  const { code, printed } = await run(['--sedes', '3', '--out', out])
  expect(code).toBe(1)
  expect(printed).toMatch(/--sedes/)
  expect(printed).not.toMatch(/^ +at /m)
})

it.each([
  ['a number of seeds out of range', ['--seeds', '0'], /0 is not a whole number from 1 to 20 \(option --seeds\)/],
  ['a folder that is not there', ['--data', 'no-such-folder'], /no-such-folder/],
])('%s is one clear error', async (_, args, message) => {
  await expect(planOf(args)).rejects.toMatchObject({ name: 'KdError', message: expect.stringMatching(message) })
})
