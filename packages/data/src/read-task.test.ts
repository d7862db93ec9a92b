import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, KdError } from '@kd/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cell, type Column, readTask, type TaskName, tasks, writeTable } from './index.ts'

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

/** GLUE's tasks as their downloads have them: two rows of train, one of each other part. */
const glue: [TaskName, Record<string, string>, readonly Example[]][] = [
  [
    'cola',
    {
      'train.tsv': 'gj04\t1\t\tThe sailors rode the breeze.\ngj04\t0\t*\t"Quoted\' is no quote.\n',
      'dev.tsv': 'gj04\t0\t*\tA dev one.\n',
      'test.tsv': 'index\tsentence\n0\tA test one.\n',
    },
    [
      { text: 'The sailors rode the breeze.', label: 1 },
      { text: '"Quoted\' is no quote.', label: 0 },
    ],
  ],
  [
    'mrpc',
    {
      'train.tsv': '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tHe said "no.\tHe refused.\n0\t7\t9\ta\tb\n',
      'dev.tsv': '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tc\td\n',
      'test.tsv': '\ufeffindex\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\te\tf\n',
    },
    [
      { text: 'He said "no.', pair: 'He refused.', label: 1 },
      { text: 'a', pair: 'b', label: 0 },
    ],
  ],
  [
    'qqp',
    {
      'train.tsv':
        'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t1\t2\twho?\twhy?\t0\n2\t1\t2\tcut\n3\t1\t2\t\tempty?\t1\n4\t1\t2\ta?\tb?\t1\n',
      'dev.tsv': 'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t1\t2\t\tc?\t0\n',
      'test.tsv': 'id\tquestion1\tquestion2\n0\td?\te?\n',
    },
    [
      { text: 'who?', pair: 'why?', label: 0 },
      { text: 'a?', pair: 'b?', label: 1 },
    ],
  ],
  [
    'stsb',
    {
      'train.tsv': 'index\tgenre\tsentence1\tsentence2\tscore\n0\tx\ta\tb\t5.000\n1\tx\tc\td\t3.25\n',
      'dev.tsv': 'index\tgenre\tsentence1\tsentence2\tscore\n0\tx\ta\tb\t0\n',
      'test.tsv': 'index\tgenre\tsentence1\tsentence2\n0\tx\te\tf\n',
    },
    [
      { text: 'a', pair: 'b', label: 5 },
      { text: 'c', pair: 'd', label: 3.25 },
    ],
  ],
  [
    'mnli',
    {
      'train.tsv':
        'index\tsentence1_parse\tsentence1\tsentence2\tlabel1\tgold_label\n0\t(x)\ta\tb\tneutral\tneutral\n1\t(x)\tc\td\tx\tcontradiction\n',
      'dev_matched.tsv': 'index\tsentence1\tsentence2\tlabel1\tlabel2\tgold_label\n0\ta\tb\tx\ty\tentailment\n',
      'dev_mismatched.tsv': 'index\tsentence1\tsentence2\tgold_label\n0\tother\tb\tneutral\n',
      'test_matched.tsv': 'index\tsentence1\tsentence2\n0\te\tf\n',
      'test_mismatched.tsv': 'index\tsentence1\tsentence2\n0\tother\tf\n',
    },
    [
      { text: 'a', pair: 'b', label: 1 },
      { text: 'c', pair: 'd', label: 2 },
    ],
  ],
  [
    'qnli',
    {
      'train.tsv': 'index\tquestion\tsentence\tlabel\n0\ta?\tb\tentailment\n1\tc?\td\tnot_entailment\n',
      'dev.tsv': 'index\tquestion\tsentence\tlabel\n0\ta?\tb\tentailment\n',
      'test.tsv': 'index\tquestion\tsentence\n0\te?\tf\n',
    },
    [
      { text: 'a?', pair: 'b', label: 0 },
      { text: 'c?', pair: 'd', label: 1 },
    ],
  ],
  [
    'rte',
    {
      'train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailment\n1\tc\td\tentailment\n',
      'dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n',
      'test.tsv': 'index\tsentence1\tsentence2\n0\te\tf\n',
    },
    [
      { text: 'a', pair: 'b', label: 1 },
      { text: 'c', pair: 'd', label: 0 },
    ],
  ],
  [
    'wnli',
    {
      'train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n1\tc\td\t0\n',
      'dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\t0\n',
      'test.tsv': 'index\tsentence1\tsentence2\n0\te\tf\n',
    },
    [
      { text: 'a', pair: 'b', label: 1 },
      { text: 'c', pair: 'd', label: 0 },
    ],
  ],
]

describe('GLUE', () => {
  it.each(glue)('%s, its quirks too', async (name, files, expected) => {
    for (const [file, contents] of Object.entries(files)) await put(file, contents)
    const parts = await readTask(name, folder)
    expect(parts.train.examples).toEqual(expected)
    expect(parts.train.task).toEqual({ name, labels: tasks[name].labels, pairs: tasks[name].pairs, metrics: tasks[name].metrics })
    expect([parts.dev.length, parts.test?.length]).toEqual([1, 1])
    expect([parts.dev.examples[0]!.label !== undefined, parts.test!.examples[0]!.label]).toEqual([true, undefined])
    expect(parts.test!.examples[0]!.pair !== undefined).toBe(tasks[name].pairs)
    expect(parts.devMismatched?.examples[0]?.text).toBe(name === 'mnli' ? 'other' : undefined)
    expect(parts.testMismatched?.examples[0]?.text).toBe(name === 'mnli' ? 'other' : undefined)
  })

  it('holds the nine tasks', () => {
    expect(Object.keys(tasks).sort()).toEqual(['cola', 'mnli', 'mrpc', 'qnli', 'qqp', 'rte', 'sst2', 'stsb', 'wnli'])
  })

  it.each([
    ['qqp', 'question1\tquestion2\tlabel\nwho?\twhy?\t1\ncut\n\tempty?\t0\n', { text: 'who?', pair: 'why?', label: 1 }],
    ['mnli', 'premise\thypothesis\tlabel\na\tb\t2\n', { text: 'a', pair: 'b', label: 2 }],
    ['cola', 'sentence\tlabel\nThe sailors rode.\t1\n', { text: 'The sailors rode.', label: 1 }],
    ['stsb', 'sentence1\tsentence2\tlabel\na\tb\t2.5\n', { text: 'a', pair: 'b', label: 2.5 }],
  ] as const)("%s as a TSV with the hub's columns", async (name, contents, expected) => {
    for (const file of [tasks[name].files.train, tasks[name].files.dev]) await put(file, contents)
    expect((await readTask(name, folder)).train.examples).toEqual([expected])
  })

  it('columns of their own; names that are not there are told with the header and the option', async () => {
    for (const file of ['train.tsv', 'dev.tsv']) await put(file, 'a\tb\tsame\nwho?\twhy?\t1\n')
    await put('test.tsv', 'a\tb\nwho?\thow?\n')
    await expect(readTask('qqp', folder)).rejects.toThrow(
      /no column "question1"; the header is "a", "b", "same" .*train\.tsv:1.*columns: \{ text: "a" \}/,
    )
    const { dev, test } = await readTask('qqp', folder, { columns: { text: 'a', pair: 'b', label: 'same' } })
    expect([dev.examples, test!.examples]).toEqual([[{ text: 'who?', pair: 'why?', label: 1 }], [{ text: 'who?', pair: 'how?' }]])
  })

  it('reads the Parquet files of the hub, cut into several', async () => {
    const columns: Column[] = ['premise', 'hypothesis'].map((name) => ({ name, type: 'text' }))
    const write = (name: string, rows: Cell[][]) =>
      writeTable(join(folder, `${name}.parquet`), [...columns, { name: 'label', type: 'float' }], rows)
    await write('train-00000-of-00002', [['a', 'b', 2]])
    await write('train-00001-of-00002', [['c', 'd', 0]])
    await write('validation_matched-00000-of-00001', [['e', 'f', 1]])
    await write('validation_mismatched-00000-of-00001', [['g', 'h', 1]])
    await write('test_matched-00000-of-00001', [['i', 'j', -1]])
    const { train, dev, test, devMismatched, testMismatched } = await readTask('mnli', folder)
    expect(train.examples).toEqual([
      { text: 'a', pair: 'b', label: 2 },
      { text: 'c', pair: 'd', label: 0 },
    ])
    expect([dev.examples[0]!.text, devMismatched!.examples[0]!.text, test!.examples[0]]).toEqual(['e', 'g', { text: 'i', pair: 'j' }])
    expect(testMismatched).toBeUndefined()
  })

  it('a score that is none, and a cut row where none is known to be', async () => {
    await put('train.tsv', 'sentence1\tsentence2\tscore\na\tb\thigh\n')
    await put('dev.tsv', 'sentence1\tsentence2\tscore\na\tb\t1\n')
    await expect(readTask('stsb', folder)).rejects.toThrow(/a score is expected and "high" found.*train\.tsv:2:score/)
    await put('train.tsv', 'sentence1\tsentence2\tlabel\na\tb\n')
    await expect(readTask('rte', folder)).rejects.toThrow(/2 columns, the header has 3/)
  })
})
