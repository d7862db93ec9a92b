import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, KdError } from '@kd/core'
import { writeTable } from '@kd/data'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportLogits } from '../store/export-logits.ts'
import { openLogitStore } from '../store/lmdb-store.ts'
import { textHash } from '../store/text-hash.ts'
import { type FileTeacherOptions, fileTeacher } from './file-teacher.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-file-teacher-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function write(contents: string, ending = 'csv'): string {
  const file = join(folder, `answers-${files++}.${ending}`)
  writeFileSync(file, contents)
  return file
}

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  if (!KdError.isInstance(error)) throw error ?? new Error('nothing was thrown')
  return error
}

const ask = async (file: string, options?: FileTeacherOptions, examples: Example[] = [{ text: 'a' }, { text: 'b' }]) => [
  ...(await (await fileTeacher(file, options)).logits(examples)),
]
const half = Math.log(9) / 2

describe('fileTeacher', () => {
  it('labels with the stated confidence, classes by the file', async () => {
    const file = write('text,label\na,positive\nb,negative\n')
    const teacher = await fileTeacher(file)
    expect(teacher).toMatchObject({ labels: ['negative', 'positive'], length: 2, unanswered: 0 })
    expect((await ask(file)).map((logit) => logit.toFixed(5))).toEqual([-half, half, half, -half].map((logit) => logit.toFixed(5)))
    expect((await ask(file, { confidence: 0.8 }))[1]).toBeCloseTo(Math.log(4) / 2, 5)
  })

  it('labels with a confidence of their own, mapped, some unanswered', async () => {
    const file = write(
      '{"text":"a","label":"POS","confidence":0.75}\n{"text":"b","label":"NEG","confidence":1}\n{"text":"c","label":"","confidence":0}\n',
      'jsonl',
    )
    const options = { labelMap: { POS: 'yes', NEG: 'no' }, unanswered: '' }
    const teacher = await fileTeacher(file, options)
    expect(teacher).toMatchObject({ labels: ['no', 'yes'], length: 2, unanswered: 1 })
    const [, sure, floor] = await ask(file, options)
    expect(sure).toBeCloseTo(Math.log(3) / 2, 5)
    expect(floor).toBeCloseTo(Math.log(1e4) / 2, 4)
    expect([{ text: 'a' }, { text: 'c' }].filter(teacher.has)).toEqual([{ text: 'a' }])
  })

  const same: [string, () => string, FileTeacherOptions?][] = [
    ['columns of a CSV', () => write('text,probability_no,probability_yes\na,0.1,0.9\nb,0.9,0.1\n')],
    ['columns in another order', () => write('probability_yes,text,probability_no\n0.9,a,0.1\n0.1,b,0.9\n'), { labels: ['no', 'yes'] }],
    [
      'lists of a JSONL',
      () => write('{"text":"a","probabilities":[0.1,0.9]}\n{"text":"b","probabilities":[0.9,0.1]}', 'jsonl'),
      { labels: ['no', 'yes'] },
    ],
    [
      'objects of a JSONL',
      () => write('{"text":"a","probabilities":{"no":0.1,"yes":0.9}}\n{"text":"b","probabilities":{"yes":0.1,"no":0.9}}', 'jsonl'),
    ],
    ['JSON in a CSV', () => write('text,p\na,"[0.1, 0.9]"\nb,"[0.9, 0.1]"\n'), { labels: ['no', 'yes'], columns: { probabilities: 'p' } }],
    [
      'labels beside probabilities',
      () => write('label;text;probability_no;probability_yes\nx;a;0.1;0.9\ny;b;0.9;0.1\n'),
      { delimiter: ';' },
    ],
  ]
  it.each(same)('probabilities as %s', async (_, make, options) => {
    const file = make()
    expect((await fileTeacher(file, options)).labels).toEqual(['no', 'yes'])
    const logits = await ask(file, options)
    expect(logits).toEqual([-half, half, half, -half].map((logit) => expect.closeTo(logit, 5)))
  })

  it('probabilities in Parquet, pairs', async () => {
    const file = join(folder, 'pairs.parquet')
    const names = ['text', 'pair'].map((name) => ({ name, type: 'text' as const }))
    const numbers = ['probability_no', 'probability_yes'].map((name) => ({ name, type: 'float' as const }))
    await writeTable(
      file,
      [...names, ...numbers],
      [
        ['a', 'b', 0.25, 0.75],
        ['ab', '', 0.5, 0.5],
      ],
    )
    const logits = await ask(file, {}, [
      { text: 'a', pair: 'b' },
      { text: 'ab', pair: '' },
    ])
    expect(logits.map((logit) => logit.toFixed(4))).toEqual(['-0.5493', '0.5493', '0.0000', '0.0000'])
    expect((await failure(ask(file, {}, [{ text: 'a' }]))).kind).toBe('missing')
  })

  it('reads the logits of a store back, bit for bit', async () => {
    const store = openLogitStore(join(folder, 'logits.lmdb'), { name: 'a', labels: ['no', 'yes'] })
    const logits = Float32Array.of(0.1, -0.3, 7, -0)
    const examples = [{ text: 'a' }, { text: 'b' }]
    store.write(examples.map(textHash), logits)
    for (const ending of ['csv', 'jsonl', 'parquet']) {
      const file = join(folder, `export.${ending}`)
      await exportLogits(store, file, { examples })
      expect(await ask(file)).toEqual([...logits])
    }
    await store.close()
  })

  it('averages several answers for one text', async () => {
    const file = write('text,probability_no,probability_yes\na,0,1\na,0.2,0.8\na,0.1,0.9\nb,0.9,0.1\n')
    const [no, yes] = await ask(file)
    expect(yes! - no!).toBeCloseTo(Math.log(9), 5)
    const votes = write('text,label\na,yes\na,yes\na,no\nb,no\n')
    expect((await ask(votes, { confidence: 0.99 }))[1]! * 2).toBeCloseTo(Math.log((0.99 * 2 + 0.01) / (0.02 + 0.99)), 5)
  })

  it('holds many answers', async () => {
    const file = write(`text,logit_no,logit_yes\n${Array.from({ length: 20_000 }, (_, row) => `text ${row},${row},${-row}\n`).join('')}`)
    const teacher = await fileTeacher(file)
    expect(teacher.length).toBe(20_000)
    const logits = await teacher.logits(Array.from({ length: 20_000 }, (_, row) => ({ text: `text ${row}` })))
    expect(logits.every((logit, index) => logit === (index % 2 ? -1 : 1) * (index >> 1) || logit === 0)).toBe(true)
    expect(teacher.has({ text: 'text 20000' })).toBe(false)
  })

  it('has a fingerprint that follows from its answers, not from its name', async () => {
    const text = 'text,label\na,yes\nb,no\n'
    const prints = [
      await fileTeacher(write(text), { name: 'x' }),
      await fileTeacher(write(text), { confidence: 0.8 }),
      await fileTeacher(write('text,label\na,yes\nc,no\n')),
      await fileTeacher(write(text), { floor: 0.2 }),
    ].map(({ fingerprint }) => fingerprint)
    expect(new Set(prints).size).toBe(4)
    expect((await fileTeacher(write(text))).fingerprint).toBe(prints[0])
  })

  it('names a text that it does not know', async () => {
    const file = write('text,label\na,yes\nb,no\n')
    const error = await failure(ask(file, {}, [{ text: 'a' }, { text: 'a new one' }]))
    expect([error.kind, error.where.file]).toEqual(['missing', file])
    expect(error.message).toMatch(/no answer for "a new one".*teacher\.has/)
  })

  it.each<[string, string, RegExp, number?, FileTeacherOptions?]>([
    ['no text', 'review,label\na,yes\n', /no column "text" or "sentence"; the header is "review", "label"/, 1],
    ['no answers', 'text,stars\na,5\n', /no column of answers.*"text", "stars"/, 1],
    ['a column asked for', 'text,label\na,yes\n', /no column "answer"/, 1, { columns: { label: 'answer' } }],
    ['an empty label', 'text,label\na,yes\nb,\nc,no\n', /a row has no label.*unanswered: ''/],
    ['one class', 'text,label\na,yes\n', /the file's labels are yes, two or more are needed/],
    ['a label outside', 'text,label\na,yes\nb,si\n', /the label "si" is none of no, yes/, 3, { labels: ['no', 'yes'] }],
    ['a confidence of 0', 'text,label,confidence\na,yes,0.9\nb,no,0\n', /0 is no confidence above 1 \/ 2/, 3],
    ['a confidence that is none', 'text,label,confidence\na,yes,high\nb,no,1\n', /a number is expected and "high" found/, 2],
    ['probabilities of 2', 'text,probability_no,probability_yes\na,1,1\n', /add up to 2/, 2],
    ['percentages', 'text,probability_no,probability_yes\na,10,90\n', /10 is no probability from 0 to 1/, 2],
    [
      'a class too many',
      'text,probability_no,probability_yes,probability_x\na,0,1,0\n',
      /"x" is none of no, yes/,
      2,
      { labels: ['no', 'yes'] },
    ],
    ['a logit missing', 'text,logit_no,logit_x\na,0,1\n', /there is no logit of yes/, 2, { labels: ['no', 'yes'] }],
    ['no list', 'text,logits\na,"[1,"\n', /is no list of logits/, 2, { labels: ['no', 'yes'] }],
    ['a short list', 'text,logits\na,[1]\n', /\[1\] are not 2 finite logits/, 2, { labels: ['no', 'yes'] }],
    ['a header alone', 'text,logits\n', /holds no answer/, undefined, { labels: ['no', 'yes'] }],
  ])('refuses %s', async (_, contents, message, line, options) => {
    const file = write(contents)
    const error = await failure(fileTeacher(file, options))
    expect([error.kind, error.where.file]).toEqual(['data', file])
    expect(error.message).toMatch(message)
    expect(error.fix).toBeDefined()
    if (line !== undefined) expect(error.where.line).toBe(line)
  })

  it('lists without names need labels', async () => {
    expect((await failure(fileTeacher(write('text,logits\na,"[1,2]"\n')))).where.option).toBe('labels')
    expect((await failure(fileTeacher(write('text,label\na,b\n'), { labels: ['x'] }))).where.option).toBe('labels')
    expect((await failure(fileTeacher(join(folder, 'none.csv')))).kind).toBe('missing')
  })
})
