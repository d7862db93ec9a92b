import { KdError } from '@kd/core'
import { describe, expect, it } from 'vitest'
import type { ReportFacts, ReportRow } from './facts.ts'
import { createReport } from './report.ts'

const row = (name: string, test: number[], rest: Partial<ReportRow> = {}): ReportRow => ({
  name,
  metrics: { accuracy: { validation: test.map((value) => value - 0.01), test } },
  ...rest,
})
const student = { parameters: { total: 2_463_002, withoutEmbeddings: 963_002 }, bytes: 9_870_112 }
const facts: ReportFacts = {
  title: 'reviews of three shops',
  task: 'sentiment',
  seeds: [1, 2, 3],
  data: { train: 2430, validation: 128, test: 442, transfer: 50_213, excluded: 0 },
  settings: { optimizer: 'adam', batch: 256 },
  seconds: { augment: 3.2, label: 81.4, train: 95, evaluate: 4.4, total: 187.9 },
  rows: [
    row('teacher', [0.962, 0.962, 0.962], {
      parameters: { total: 33_360_770, withoutEmbeddings: 21_445_634 },
      bytes: 34_321_001,
      latencyMs: { p50: 12.31, p95: 15.2 },
    }),
    row('alone-random', [0.801, 0.805, 0.796], { ...student, latencyMs: { p50: 0.31, p95: 0.42 } }),
    row('alone', [0.82, 0.824, 0.816], { ...student, latencyMs: { p50: 0.31, p95: 0.4 } }),
    row('distilled', [0.91, 0.915, 0.905], { ...student, latencyMs: { p50: 0.302, p95: 0.389 } }),
  ],
}

describe('the report', () => {
  it('is one aligned table', () => {
    expect(createReport(facts).toString()).toMatchInlineSnapshot(`
      "reviews of three shops: 2,430 train, 128 validation, 442 test, 50,213 transfer, seeds 1, 2, 3

                      accuracy       gap                 without     size   p50   p95  smaller  faster
                       on test  won back  parameters  embeddings  on disk    ms    ms    times   times
      ------------------------------------------------------------------------------------------------
      teacher       96.2 ± 0.0     100 %      33.4 M      21.4 M  34.3 MB  12.3  15.2       1x      1x
      alone-random  80.1 ± 0.5     -14 %      2.46 M       963 k  9.87 MB  0.31  0.42    3.48x   39.7x
      alone         82.0 ± 0.4       0 %      2.46 M       963 k  9.87 MB  0.31  0.40    3.48x   39.7x
      distilled     91.0 ± 0.5      63 %      2.46 M       963 k  9.87 MB  0.30  0.39    3.48x   40.8x
      ------------------------------------------------------------------------------------------------
      accuracy: in hundredths, mean ± standard deviation of 3 seeds
      gap won back: (row - alone) / (teacher - alone), in accuracy
      time: 3 min 8 s (augment 3 s, label 1 min 21 s, train 1 min 35 s, evaluate 4 s)"
    `)
  })

  it('leaves out the spread of a single seed, and what nobody knows', () => {
    const one: ReportFacts = {
      ...facts,
      title: undefined,
      seeds: [7],
      seconds: {},
      rows: [row('teacher', [0.8]), row('alone', [0.85], { bytes: 999 }), row('distilled', [0.9], { bytes: 1_000_000 })],
    }
    expect(createReport(one).toString()).toMatchInlineSnapshot(`
      "sentiment: 2,430 train, 128 validation, 442 test, 50,213 transfer, seed 7

                 accuracy       gap                 without     size  p50  p95  smaller  faster
                  on test  won back  parameters  embeddings  on disk   ms   ms    times   times
      -----------------------------------------------------------------------------------------
      teacher        80.0         -           -           -        -    -    -        -       -
      alone          85.0         -           -           -    999 B    -    -        -       -
      distilled      90.0         -           -           -     1 MB    -    -        -       -
      -----------------------------------------------------------------------------------------
      accuracy: in hundredths
      gap won back: (row - alone) / (teacher - alone), in accuracy"
    `)
  })

  it('says of a packed student how often it answers as in single precision', () => {
    const packed = row('distilled int8', [0.91, 0.915, 0.904], { bytes: 2_100_000, sameLabel: { share: 0.99995, examples: 20_000 } })
    const table = createReport({ ...facts, rows: [...facts.rows, packed] }).toString()
    expect(table).toMatch(/^distilled int8 {2}91\.0 ± 0\.6 +63 % .* 2\.1 MB /m)
    expect(table).toContain(
      '\ndistilled int8: served by @kd/runtime; the label of single precision for 99.995 % of 20,000 training examples\n',
    )
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  })

  it('shows each metric that a task has', () => {
    const rows = facts.rows.map((one) => ({ ...one, metrics: { f1: one.metrics.accuracy!, accuracy: one.metrics.accuracy! } }))
    const table = createReport({ ...facts, rows }).toString()
    expect(table.split('\n')[2]).toMatch(/ f1 +accuracy /)
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  })

  it('is a table in Markdown', () => {
    expect(createReport(facts).toMarkdown()).toMatchInlineSnapshot(`
      "**reviews of three shops: 2,430 train, 128 validation, 442 test, 50,213 transfer, seeds 1, 2, 3**

      |  | accuracy on test | gap won back | parameters | without embeddings | size on disk | p50 ms | p95 ms | smaller times | faster times |
      | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |
      | teacher | 96.2 ± 0.0 | 100 % | 33.4 M | 21.4 M | 34.3 MB | 12.3 | 15.2 | 1x | 1x |
      | alone-random | 80.1 ± 0.5 | -14 % | 2.46 M | 963 k | 9.87 MB | 0.31 | 0.42 | 3.48x | 39.7x |
      | alone | 82.0 ± 0.4 | 0 % | 2.46 M | 963 k | 9.87 MB | 0.31 | 0.40 | 3.48x | 39.7x |
      | distilled | 91.0 ± 0.5 | 63 % | 2.46 M | 963 k | 9.87 MB | 0.30 | 0.39 | 3.48x | 40.8x |

      - accuracy: in hundredths, mean ± standard deviation of 3 seeds
      - gap won back: (row - alone) / (teacher - alone), in accuracy
      - time: 3 min 8 s (augment 3 s, label 1 min 21 s, train 1 min 35 s, evaluate 4 s)
      "
    `)
  })

  it('comes back from JSON', () => {
    const report = createReport(facts)
    const json = JSON.stringify(report)
    expect(JSON.parse(json)).toEqual(facts)
    expect(createReport(JSON.parse(json)).toString()).toBe(report.toString())
  })

  const wrong: [string, Partial<ReportFacts>, RegExp][] = [
    ['no rows', { rows: [] }, /3 and 0/],
    ['a value missing', { rows: [row('alone', [0.5, 0.6])] }, /row alone has 2 validation values of accuracy for 3 seeds/],
    ['NaN', { rows: [row('alone', [0.5, 0.6, Number.NaN])] }, /row alone holds NaN/],
  ]
  it.each(wrong)('refuses %s', (_, part, message) => {
    expect(() => createReport({ ...facts, ...part })).toThrow(KdError)
    expect(() => createReport({ ...facts, ...part })).toThrow(message)
  })
})

it('three classes: F1 of each in a table of its own, where a row has it', () => {
  const figures = (f1: number) => ({ examples: 1200, precision: 0.5, recall: 0.5, f1 })
  const perClass = { entailment: figures(0.912), neutral: figures(0.5), contradiction: figures(0) }
  const report = createReport({ ...facts, rows: [row('teacher', [0.9, 0.9, 0.9], { perClass }), row('file', [0.8, 0.8, 0.8])] })
  const lines = report.toString().split('\n')
  const at = lines.findIndex((line) => line.startsWith('f1 on test'))
  expect(lines.slice(at, at + 5)).toEqual([
    'f1 on test      entailment  neutral  contradiction',
    '            1,200 examples    1,200          1,200',
    '--------------------------------------------------',
    'teacher               91.2     50.0            0.0',
    'file                     -        -              -',
  ])
  expect(report.toMarkdown()).toContain('| f1 on test | entailment 1,200 examples | neutral 1,200 | contradiction 1,200 |')
  expect(() => createReport({ ...facts, seeds: [1], rows: [row('x', [1], { perClass: { a: figures(Number.NaN) } })] })).toThrow(/NaN/)
})
