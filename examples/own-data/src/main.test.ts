import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeTable } from '@kd/data'
import { runDemo } from '@kd/example-common/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { confusionTable } from './confusion.ts'
import { planOf } from './plan.ts'
import { rulesTeacher } from './rules.ts'
import { tickets } from './tickets.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
let out: string
beforeAll(async () => void (out = await mkdtemp(join(tmpdir(), 'kd-own-'))))
afterAll(() => rm(out, { recursive: true }))

describe('own data, in miniature', () => {
  it('fine-tunes a teacher of a CSV, distils it, and shows a table and what is taken for what', async () => {
    // One word decides, and two random layers learn it: MiniLM and the tickets would take a minute.
    const words = ['good', 'bad', 'warm', 'dull']
    const rows = [...'abcdefghijklmnopqrstuvwxyz'].flatMap((letter, row) =>
      words.map((word) => [`${letter} ${word} film`, row % 4 === 3 ? '' : `the ${word} ones`]),
    )
    const file = join(out, 'words.csv')
    await writeTable(
      file,
      ['body', 'queue'].map((name) => ({ name, type: 'text' as const })),
      rows,
    )
    const base = fileURLToPath(new URL('../../../packages/teacher-bert/fixtures/families/bert-cased', import.meta.url))
    const args = ['--small', '--data', file, '--base', base, '--epochs', '20', '--rate', '1e-2', '--out', out]
    const { code, printed } = await runDemo(main, args)
    expect(code, printed).toBe(0)
    expect(printed).toContain(`104 texts of ${file}`)
    for (const row of ['teacher', 'alone-random', 'alone', 'distilled']) expect(printed).toMatch(new RegExp(`^${row} +\\d`, 'm'))
    expect(Number(/^teacher +(\d+)/m.exec(printed)![1])).toBeGreaterThan(50)
    expect(printed).toMatch(/^true +the bad ones +the dull ones +the good ones +the warm ones +found$/m)
    expect(existsSync(join(out, 'student', 'model.safetensors'))).toBe(true)
    expect(readFileSync(join(out, 'teacher', 'README.md'), 'utf8')).toMatch(/\| int8, this folder \| 0\.\d MB \|/)
  }, 240_000)

  it('writes the tickets, labelled or not, and later ones to test on', async () => {
    const { train, validation, unlabelled, test, title } = await planOf(['--small', '--out', out])
    expect([train.length, validation.length, unlabelled.length, test.length]).toEqual([48, 12, 40, 40])
    expect(title).toBe('100 generated support tickets, and 40 later ones as the test part')
  })

  it("takes a Parquet file's own columns, rows without a label among them", async () => {
    const file = join(out, 'tickets.parquet')
    const rows = tickets({ rows: 160, labelled: 80, seed: 3 })
    const columns = ['question', 'team'].map((name) => ({ name, type: 'text' as const }))
    await writeTable(
      file,
      columns,
      rows.map(({ body, queue }) => [body, queue || null]),
    )
    const { train, validation, test, unlabelled, title } = await planOf([
      '--small',
      '--data',
      file,
      '--text',
      'question',
      '--label',
      'team',
    ])
    expect(train.task.labels).toEqual(['account', 'billing', 'delivery', 'technical'])
    expect([train.length + validation.length + test.length, unlabelled.length]).toEqual([80, 80])
    expect([validation.length, test.length].map((length) => Math.round(length / 4))).toEqual([4, 5])
    expect(title).toBe(`160 texts of ${file}`)
  })

  it('says which columns there are where the option names another', async () => {
    const file = join(out, 'other.csv')
    await writeTable(file, [{ name: 'message', type: 'text' }], [['a'], ['b']])
    await expect(planOf(['--small', '--data', file])).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining('message') })
    await expect(planOf(['--dta', file])).rejects.toMatchObject({ kind: 'option', fix: expect.stringContaining('--label') })
  })

  it('has rules that are right for most tickets', async () => {
    const labels = ['account', 'billing', 'delivery', 'technical']
    const rows = tickets({ rows: 300, labelled: 300, seed: 4, mistakes: 0 })
    const logits = await rulesTeacher(labels).logits(rows.map(({ body }) => ({ text: body })))
    const right = rows.filter(({ queue }, row) => {
      const own = logits.subarray(4 * row, 4 * row + 4)
      return labels[own.indexOf(Math.max(...own))] === queue
    })
    expect(right.length / rows.length).toBeGreaterThan(0.5)
  })
})

it('generates the same tickets each time: unbalanced, partly labelled, nearly all different', () => {
  const rows = tickets({ rows: 2000, labelled: 400, seed: 1 })
  expect(tickets({ rows: 2000, labelled: 400, seed: 1 })).toEqual(rows)
  const sorted = rows.filter(({ queue }) => queue)
  expect(sorted).toHaveLength(400)
  const share = (name: string) => sorted.filter(({ queue }) => queue === name).length / 400
  expect(share('technical')).toBeGreaterThan(5 * share('account'))
  expect(share('account')).toBeGreaterThan(0.02)
  expect(new Set(rows.map(({ body }) => body)).size).toBeGreaterThan(1900)
})

it('counts what was taken for what', () => {
  const task = { name: 'two', labels: ['no', 'yes'], pairs: false, metrics: ['accuracy' as const] }
  const examples = [0, 1, 1, 1].map((label) => ({ text: '', label }))
  const data = { task, examples, length: 4, [Symbol.iterator]: () => examples[Symbol.iterator]() }
  const lines = confusionTable(data, [0, 1, 0, 1])
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
  expect(lines).toEqual([
    ['true', 'no', 'yes', 'found'],
    ['no', '1', '0', '100 %'],
    ['yes', '1', '2', '67 %'],
  ])
})
