import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, KdError, type ProgressEvent } from '@kd/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ReadOptions, readExamples, streamExamples } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-data-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function collect(stream: AsyncIterable<Example>): Promise<Example[]> {
  const all: Example[] = []
  for await (const example of stream) all.push(example)
  return all
}

let files = 0
async function file(contents: string | Uint8Array, ending = 'tsv'): Promise<string> {
  const path = join(folder, `file-${files++}.${ending}`)
  await writeFile(path, contents)
  return path
}
const read = async (contents: string | Uint8Array, options: ReadOptions & { ending?: string } = {}): Promise<readonly Example[]> =>
  (await readExamples(await file(contents, options.ending), options)).examples

describe('TSV as GLUE has it', () => {
  const expected = [
    { text: `a "quoted' text, with commas`, label: 1 },
    { text: '"open quotation', label: 0 },
  ]
  it.each([
    ['line feeds', `sentence\tlabel\na "quoted' text, with commas\t1\n"open quotation\t0\n`],
    ['carriage returns', `sentence\tlabel\r\na "quoted' text, with commas\t1\r\n"open quotation\t0\r\n`],
    ['a byte order mark', `\ufeffsentence\tlabel\na "quoted' text, with commas\t1\n"open quotation\t0\n`],
    ['no last line feed', `sentence\tlabel\na "quoted' text, with commas\t1\n"open quotation\t0`],
    ['columns in another order', `label\tid\tsentence\n1\t7\ta "quoted' text, with commas\n0\t8\t"open quotation`],
    ['empty lines', `sentence\tlabel\n\na "quoted' text, with commas\t1\n\r\n"open quotation\t0\n\n\n`],
  ])('%s', async (_, contents) => {
    expect(await read(contents, { labels: ['negative', 'positive'] })).toEqual(expected)
  })

  it('a test file without labels', async () => {
    const data = await readExamples(await file('index\tsentence\n0\tuneasy mishmash of styles\n'))
    expect(data.examples).toEqual([{ text: 'uneasy mishmash of styles' }])
    expect(data.task.labels).toEqual([])
  })

  it('pairs', async () => {
    const columns = { text: 'question1', pair: 'question2', label: 'is_duplicate' }
    const data = await readExamples(await file('id\tquestion1\tquestion2\tis_duplicate\n5\twho?\twhy?\t0\n6\ta\tb\t1\n'), { columns })
    expect(data.examples[0]).toEqual({ text: 'who?', pair: 'why?', label: 0 })
    expect(data.task.pairs).toBe(true)
  })

  it('keeps every text that has no tab and no line break', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !/[\t\r\n\0\ufeff]/.test(one))
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (texts) => {
        const got = await read(`sentence\tlabel\n${texts.map((one, i) => `${one}\t${i % 2}\n`).join('')}`)
        expect(got.map((example) => example.text)).toEqual(texts)
      }),
      { numRuns: 30 },
    )
  })

  it('puts a text together that lies across pieces of the file', async () => {
    const long = 'é🙂'.repeat(40_000)
    expect(await read(`sentence\tlabel\nx${long}\t1\ny${long}\t0\n`)).toEqual([
      { text: `x${long}`, label: 1 },
      { text: `y${long}`, label: 0 },
    ])
  })

  it('without a header, columns by position', async () => {
    expect(await read('1\tgood\n0\tbad\n', { header: false, columns: { text: 2, label: 1 } })).toEqual([
      { text: 'good', label: 1 },
      { text: 'bad', label: 0 },
    ])
  })
})

describe('CSV', () => {
  it('quoted cells hold delimiters, line breaks and quotation marks', async () => {
    const contents = '\ufefftext,label\r\n"a, ""b""\nc",positive\r\nplain,negative\r\n'
    expect(await read(contents, { ending: 'csv' })).toEqual([
      { text: 'a, "b"\nc', label: 1 },
      { text: 'plain', label: 0 },
    ])
  })
  it('another delimiter', async () => {
    expect(await read('text;label\na, b;1\n', { ending: 'csv', delimiter: ';' })).toEqual([{ text: 'a, b', label: 0 }])
  })
})

describe('JSONL', () => {
  it('labels as names, numbers or booleans', async () => {
    expect(await read('{"text":"a","label":true}\n\n{"label":false,"text":"b","more":[1]}\n', { ending: 'jsonl' })).toEqual([
      { text: 'a', label: 1 },
      { text: 'b', label: 0 },
    ])
    expect(await read('{"text":"a","label":2}\n{"text":"b","label":10}', { ending: 'ndjson' })).toEqual([
      { text: 'a', label: 0 },
      { text: 'b', label: 1 },
    ])
  })
})

describe('labels', () => {
  it('names without a list are sorted, numbers by value', async () => {
    const data = await readExamples(await file('text\tlabel\na\tpos\nb\tneg\nc\tneutral\n'))
    expect(data.task.labels).toEqual(['neg', 'neutral', 'pos'])
    expect(data.examples.map(({ label }) => label)).toEqual([2, 0, 1])
    expect((await readExamples(await file('text\tlabel\na\t10\nb\t9\n'))).task.labels).toEqual(['9', '10'])
  })
  it('labelMap', async () => {
    const options = { labels: ['negative', 'positive'], labelMap: { '5': 'positive', '1': 'negative' } }
    expect((await read('text\tlabel\na\t5\nb\t1\n', options)).map(({ label }) => label)).toEqual([1, 0])
    const data = await readExamples(await file('text\tlabel\na\t5\nb\t1\n'), { labelMap: { '5': 'good', '1': 'bad' } })
    expect(data.task.labels).toEqual(['bad', 'good'])
  })
  it('unlabelled: an example may say that it has none', async () => {
    expect(await read('text\tlabel\na\t-1\nb\t1\n', { unlabelled: '-1', labels: ['n', 'p'] })).toEqual([
      { text: 'a' },
      { text: 'b', label: 1 },
    ])
    expect(await read('text\tlabel\na\t\nb\tp\n', { unlabelled: '' })).toEqual([{ text: 'a' }, { text: 'b', label: 0 }])
  })
  it('label: false', async () => {
    expect(await read('text\tlabel\na\t7\n', { columns: { label: false } })).toEqual([{ text: 'a' }])
  })
})

describe('streamExamples', () => {
  it('gives what readExamples gives', async () => {
    const path = await file('sentence\tlabel\na\t1\nb\tnegative\n')
    const labels = ['negative', 'positive']
    expect(await collect(streamExamples(path, { labels }))).toEqual((await readExamples(path, { labels })).examples)
    expect(await collect(streamExamples(path))).toEqual([{ text: 'a' }, { text: 'b' }])
  })

  it.each(['tsv', 'csv', 'jsonl'])('reads no further than it is asked, %s', async (ending) => {
    const row = ending === 'jsonl' ? '{"text":"abcdefgh"}\n' : 'abcdefgh\n'
    const path = await file((ending === 'jsonl' ? '' : 'text\n') + row.repeat(500_000), ending)
    const events: ProgressEvent[] = []
    for await (const example of streamExamples(path, { onProgress: (event) => events.push(event) })) {
      expect(example).toEqual({ text: 'abcdefgh' })
      break
    }
    expect(events[0]).toMatchObject({ stage: 'read', name: path, unit: 'bytes' })
    expect(events.at(-1)!.done).toBeLessThan(events[0]!.total! / 4)
  })

  it('stops on request', async () => {
    const path = await file(`text\n${'abcdefgh\n'.repeat(100_000)}`)
    const controller = new AbortController()
    const seen = async () => {
      for await (const _ of streamExamples(path, { signal: controller.signal })) controller.abort()
    }
    await expect(seen()).rejects.toSatisfy((error) => KdError.isInstance(error, 'aborted'))
  })
})

interface Bad {
  contents: string | Uint8Array
  ending?: string
  options?: ReadOptions
  kind?: string
  where: object
  message: RegExp
}
const bytes = (...values: number[]) => Uint8Array.from(values)
const bad: [string, Bad][] = [
  ['empty', { contents: '', where: {}, message: /empty/ }],
  ['only a mark', { contents: '\ufeff', where: {}, message: /empty/ }],
  ['only line breaks', { contents: '\n\r\n\n', where: {}, message: /empty/ }],
  ['only a header', { contents: 'sentence\tlabel\n', where: {}, message: /no example/ }],
  ['empty CSV', { contents: '', ending: 'csv', where: {}, message: /empty/ }],
  ['empty JSONL', { contents: '\n', ending: 'jsonl', where: {}, message: /empty/ }],
  [
    'wrong columns',
    {
      contents: 'review\tsentiment\na\t1\n',
      where: { line: 1, column: 'text or sentence' },
      message: /header is "review", "sentiment".*columns: \{ text: "review" \}/,
    },
  ],
  [
    'a wrong label column',
    {
      contents: 'review\tsentiment\na\t1\n',
      options: { columns: { text: 'review', label: 'label' } },
      where: { line: 1, column: 'label' },
      message: /no column "label".*columns: \{ text: "review", label: "sentiment" \}/,
    },
  ],
  [
    'a column by position',
    { contents: 'a\tb\nc\td\n', options: { columns: { text: 3 } }, where: { line: 1, column: '3' }, message: /no column number 3/ },
  ],
  [
    'a header of pairs',
    {
      contents: 'id\tquestion1\tquestion2\tis_duplicate\n1\ta\tb\t0\n',
      where: { line: 1, column: 'text or sentence' },
      message: /header is "id", "question1", "question2", "is_duplicate".*columns: \{ text: "question1", pair: "question2" \}/,
    },
  ],
  [
    'no header at all',
    {
      contents: '1\tthe film is a warm one\tpositive\n0\tdull\tnegative\n',
      where: { line: 1 },
      message: /header is "1", "the film is a warm one", "positive".*header: false.*columns: \{ text: 2 \}/,
    },
  ],
  [
    'numbers for texts',
    {
      contents: `text\treview\tlabel\n${Array.from({ length: 30 }, (_, i) => `${i}\ta film\t1\n`).join('')}`,
      where: { line: 21, column: 'text' },
      message:
        /first 20 texts are numbers.*"text" is the wrong column.*columns: \{ text: "review" \}; the header is "text", "review", "label"/,
    },
  ],
  [
    'numbers for the second texts',
    {
      contents: `a\tb\tid\n${Array.from({ length: 30 }, (_, i) => `why?\twho?\t${i}\n`).join('')}`,
      options: { columns: { text: 'a', pair: 'id' } },
      where: { line: 21, column: 'id' },
      message: /"id" is the wrong column.*columns: \{ pair: "a" \}; the header is "a", "b", "id"/,
    },
  ],
  [
    'a column named twice',
    {
      contents: 'a\tb\tlabel\nwho?\twhy?\t1\n',
      options: { columns: { text: 'a', pair: 1 } },
      kind: 'option',
      where: { option: 'columns.pair' },
      message: /names one column twice; the header is "a", "b", "label"/,
    },
  ],
  ['tabs in CSV', { contents: 'text\tlabel\na\t1\n', ending: 'csv', where: { line: 1 }, message: /format: 'tsv'/ }],
  ['commas in TSV', { contents: 'text,label\na,1\n', where: { line: 1 }, message: /format: 'csv'/ }],
  ['semicolons', { contents: 'text;label\na;1\n', ending: 'csv', where: { line: 1 }, message: /delimiter: ';'/ }],
  [
    'a line cut off',
    { contents: 'sentence\tlabel\na\t1\nb', where: { line: 3, column: 1 }, message: /1 column, the header has 2.*cut off/ },
  ],
  [
    'a tab too many in a pair',
    {
      contents: 'text\tpair\tlabel\na\tb\t1\nc\td\te\t0\n',
      where: { line: 3, column: 3 },
      message: /4 columns, the header has 3.*holds the delimiter/,
    },
  ],
  ['a tab too many', { contents: 'sentence\tlabel\na\tb\t1\n', where: { line: 2, column: 2 }, message: /3 columns, the header has 2/ }],
  ['no label', { contents: 'sentence\tlabel\na\t1\nb\t', where: { line: 3, column: 'label' }, message: /no label.*unlabelled/ }],
  [
    'a label outside',
    {
      contents: 'sentence\tlabel\na\t1\nb\t2\n',
      options: { labels: ['negative', 'positive'] },
      where: { line: 3, column: 'label' },
      message: /"2" is none of negative, positive.*labelMap: \{ "2".*columns\.label.*header is "sentence", "label"/,
    },
  ],
  [
    'texts as labels',
    {
      contents: `sentence\tlabel\n${Array.from({ length: 2000 }, (_, i) => `a\tx${i}\n`).join('')}`,
      where: { line: 1002, column: 'label' },
      message: /more than 1000.*"label" is the wrong column.*header is "sentence", "label"/,
    },
  ],
  ['an open quotation', { contents: 'text,label\na,1\n"b,1\nc,0\n', ending: 'csv', where: {}, message: /no CSV.*format: 'tsv'/ }],
  ['no JSON', { contents: '{"text":"a"}\n{"text":"b', ending: 'jsonl', where: { line: 2 }, message: /not JSON.*whole object/ }],
  ['a JSON array', { contents: '["a"]\n', ending: 'jsonl', where: { line: 1 }, message: /no JSON object/ }],
  ['no text', { contents: '{"text":"a"}\n{"txt":"b"}\n', ending: 'jsonl', where: { line: 2, column: 'text' }, message: /nothing found/ }],
  ['a number as text', { contents: '{"text":5}\n', ending: 'jsonl', where: { line: 1, column: 'text' }, message: /5 found/ }],
  ['gzip', { contents: bytes(0x1f, 0x8b, 8, 0), where: {}, message: /gzip.*gunzip/ }],
  ['a zip archive', { contents: bytes(0x50, 0x4b, 3, 4, 0, 0), ending: 'csv', where: {}, message: /Excel/ }],
  ['UTF-16', { contents: bytes(0xff, 0xfe, 0x61, 0), where: {}, message: /UTF-16.*UTF-8/ }],
  ['Latin-1', { contents: Buffer.from('text\nok\ncaf\xe9 x\n', 'latin1'), where: { line: 3 }, message: /not UTF-8/ }],
  ['a character cut off', { contents: Buffer.from('text\nok\ncafé').subarray(0, -1), where: { line: 3 }, message: /not UTF-8/ }],
  ['zero bytes', { contents: 'text\na\n\u0000\u0000', where: { line: 3 }, message: /zero byte/ }],
  ['a line without end', { contents: 'x'.repeat(2 ** 24 + 2 ** 16 + 1), where: { line: 1 }, message: /longer than/ }],
  ['an ending that tells nothing', { contents: 'text\na\n', ending: 'dat', kind: 'option', where: {}, message: /format.*tsv, csv, jsonl/ }],
  ['a format of none', { contents: 'text\na\n', options: { format: 'xml' as 'tsv' }, kind: 'option', where: {}, message: /"xml"/ }],
  ['one label', { contents: 'text\na\n', options: { labels: ['a'] }, kind: 'option', where: {}, message: /option labels/ }],
  [
    'a map to nowhere',
    {
      contents: 'text\na\n',
      options: { labels: ['a', 'b'], labelMap: { x: 'c' } },
      kind: 'option',
      where: {},
      message: /"c" is none of the labels a, b.*labelMap/,
    },
  ],
  ['position 0', { contents: 'text\na\n', options: { columns: { text: 0 } }, kind: 'option', where: {}, message: /columns\.text/ }],
]

describe('bad input: one KdError with file, line, column and what to do', () => {
  it.each(bad)('%s', async (_, { contents, ending, options, kind = 'data', where, message }) => {
    const path = await file(contents, ending)
    const error = await readExamples(path, options).then(
      () => expect.fail('it was read'),
      (thrown) => thrown,
    )
    expect(error.message).toMatch(message)
    expect(KdError.isInstance(error, kind as 'data'), String(error)).toBe(true)
    expect(error.where).toMatchObject(kind === 'data' ? { file: path, ...where } : where)
    expect(error.fix).toBeTruthy()
  })

  it.each([
    ['missing', 'nowhere.tsv', 'missing'],
    ['a folder', '.', 'io'],
  ])('%s', async (_, name, kind) => {
    const path = join(folder, name)
    const error = await readExamples(path, { format: 'tsv' }).catch((thrown) => thrown)
    expect(KdError.isInstance(error, kind as 'io')).toBe(true)
    expect(error.where.file).toBe(path)
  })

  it('a stream whose labels have no names is refused at once', () => {
    expect(() => streamExamples('any.tsv', { columns: { label: 'label' } })).toThrow(/labels: \[/)
  })

  it('a file cut off anywhere is read up to there or refused, never with a text or label that is not its own', async () => {
    const whole = Buffer.from('sentence\tlabel\nfirst é\tno\nsecond 🙂\tyes\nthird\tno\n')
    const all = ['first é', 'second 🙂', 'third'].map((text, i) => ({ text, label: i % 2 }))
    for (let end = 0; end < whole.length; end++) {
      const got = await read(whole.subarray(0, end), { labels: ['no', 'yes'] }).catch((error) => {
        expect(KdError.isInstance(error, 'data')).toBe(true)
        return []
      })
      expect(got).toEqual(all.slice(0, got.length))
    }
  })
})
