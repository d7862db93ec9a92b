import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Dataset, dataset, KdError } from '@kd/core'
import { readExamples, split, writeTable } from '@kd/data'
import { fromCaller, sizeOf } from '@kd/example-common'
import { tickets } from './tickets.ts'

export const usage = `npm run demo:own-data -- [--data FILE [--text COLUMN] [--label COLUMN] [--test FILE]] [--rules] [--small] [--out DIR]
  --data FILE     your own texts: CSV, TSV, JSONL or Parquet; rows without a label are welcome (default: generated support tickets)
  --text, --label the names of its columns (default: body, queue)
  --test FILE     labelled rows to report on (default: a quarter of those of --data)
  --base NAME     what the teacher is fine-tuned from (default: @kd/minilm-base); --epochs N and --rate R say how (default: 10, 1e-4)
  --rules         a function as the teacher in place of a fine-tuned model, for the generated tickets
  --small         a miniature in seconds
  --out DIR       where report and models go (default: examples/own-data/out)`

/** The data in its parts, and how much is done with it. */
export interface Plan {
  readonly title: string
  /** Labelled texts, and those that are for the teacher. */
  readonly train: Dataset
  readonly unlabelled: Dataset
  readonly validation: Dataset
  readonly test: Dataset
  readonly rules: boolean
  /** What the teacher is fine-tuned from, and how. */
  readonly base: string
  readonly epochs: number
  readonly learningRate: number
  /** Tokens that the teacher reads of a text. */
  readonly maxLength: number
  /** Synthetic texts tried for each. */
  readonly perExample: number
  /** Updates of each student. */
  readonly steps: number
  /** Texts timed for each row of the table. */
  readonly latencyRuns: number
  readonly out: string
  readonly notes: readonly string[]
}

const sizes = {
  usual: { rows: 2000, labelled: 400, later: 1000, epochs: 10, rate: 1e-4, maxLength: 64, perExample: 5, steps: 600, latencyRuns: 200 },
  small: { rows: 100, labelled: 60, later: 40, epochs: 6, rate: 2e-4, maxLength: 24, perExample: 1, steps: 6, latencyRuns: 10 },
}

/** Reads the command line and the data; the tickets are generated, always the same ones. */
export async function planOf(argv: readonly string[]): Promise<Plan> {
  const options = parse(argv)
  const out = fromCaller(options.out)
  const { size, notes } = await sizeOf({ ...options, data: undefined, seeds: [1], out })
  const { rows, labelled, later, rate, ...amount } = sizes[size === 'large' ? 'usual' : size]
  let { data, test } = options
  if (!data) {
    data = await written(join(out, 'tickets.csv'), tickets({ rows, labelled, seed: 1 }))
    test = await written(join(out, 'later-tickets.csv'), tickets({ rows: later, labelled: later, seed: 2, mistakes: 0 }))
  }
  const columns = { text: options.text, label: options.label }
  const all = await readExamples(fromCaller(data), { columns, unlabelled: '' })
  const having = (label: boolean) =>
    dataset(
      all.task,
      all.examples.filter((example) => (example.label !== undefined) === label),
    )
  const parts = split(having(true), { seed: 1, validation: 0.2, test: test ? 0 : 0.25 })
  return {
    ...amount,
    ...parts,
    unlabelled: having(false),
    test: test ? await readExamples(fromCaller(test), { columns, labels: all.task.labels }) : parts.test,
    title: options.data
      ? `${all.length} texts of ${options.data}`
      : `${all.length} generated support tickets, and ${later} later ones as the test part`,
    base: options.base.startsWith('.') ? fromCaller(options.base) : options.base,
    epochs: Number(options.epochs ?? amount.epochs),
    learningRate: Number(options.rate ?? rate),
    rules: options.rules,
    out,
    notes,
  }
}

async function written(file: string, rows: ReturnType<typeof tickets>): Promise<string> {
  const columns = ['ticket', 'body', 'queue'].map((name) => ({ name, type: 'text' as const }))
  await writeTable(
    file,
    columns,
    rows.map(({ ticket, body, queue }) => [String(ticket), body, queue]),
  )
  return file
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        data: { type: 'string' },
        text: { type: 'string', default: 'body' },
        label: { type: 'string', default: 'queue' },
        test: { type: 'string' },
        base: { type: 'string', default: '@kd/minilm-base' },
        epochs: { type: 'string' },
        rate: { type: 'string' },
        rules: { type: 'boolean', default: false },
        small: { type: 'boolean', default: false },
        out: { type: 'string', default: fileURLToPath(new URL('../out', import.meta.url)) },
      },
    })
    return values
  } catch (error) {
    throw new KdError({ kind: 'option', what: (error as Error).message, fix: usage })
  }
}
