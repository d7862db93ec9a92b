import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DemoSize, digest, readCommandLine, sharedNotes, sizeOf, type Watched } from '@kd/example-common'
import type { BalanceOptions, TrainOptions } from '@kd/trainer'
import { type DemoData, generatedData, quoraData } from './data.ts'

export type Steps = Required<Pick<TrainOptions, 'steps' | 'evaluateEvery'>>

/** What the demo does, from data to settings. */
export interface DemoPlan extends Partial<Watched> {
  data: DemoData
  seeds: number[]
  /** Unlabelled pairs made of the questions of others. */
  recombined: number
  /** Synthetic pairs tried for each original. */
  perExample: number
  /** Pairs that a first student chooses for the teacher, and from how many recombined ones. */
  hard?: { count: number; candidates: number }
  /** Of the word vectors. */
  dimensions: number
  batchSize: number
  /** Of students on gold labels. */
  alone: Steps
  /** Of students on the teacher's logits of the given pairs alone, where those are to be compared. */
  given?: Steps
  /** Of students on the teacher's logits. */
  distilled: Steps
  /** Synthetic duplicates are repeated until they are so frequent. Default: they come once. */
  balanced?: BalanceOptions['to']
  /** Whether students get the threshold that is best for accuracy and F1 together, where a row's seeds are better by it on validation. */
  thresholds?: boolean
  /** Pairs by which latency is measured. Default: that of `measure`. */
  latencyRuns?: number
  /** Folder of the store, the report and the student. */
  out: string
  /** Folder of the checkpoints of this data and size: what another run left is not gone on with. */
  checkpoints: string
}

// The large size is the experiment on Quora's pairs. What is not given is the default of `train`.
const sizes = {
  large: {
    recombined: 40_000,
    perExample: 10,
    hard: { count: 150_000, candidates: 1_000_000 },
    dimensions: 300,
    batchSize: 256,
    alone: { steps: 800, evaluateEvery: 50 },
    given: { steps: 800, evaluateEvery: 100 },
    distilled: { steps: 6000, evaluateEvery: 500 },
    balanced: 'equal',
    thresholds: true,
  },
  usual: {
    recombined: 4000,
    perExample: 1,
    dimensions: 100,
    batchSize: 64,
    alone: { steps: 1000, evaluateEvery: 50 },
    distilled: { steps: 1000, evaluateEvery: 100 },
  },
  small: {
    recombined: 30,
    perExample: 1,
    hard: { count: 20, candidates: 100 },
    dimensions: 50,
    batchSize: 32,
    alone: { steps: 24, evaluateEvery: 8 },
    distilled: { steps: 24, evaluateEvery: 8 },
    balanced: 'equal',
    thresholds: true,
    latencyRuns: 40,
  },
} as const satisfies Record<DemoSize, Partial<DemoPlan>>

const generated = {
  usual: { labelled: 300, unlabelled: 4000, validation: 600, test: 1000 },
  small: { labelled: 40, unlabelled: 40, validation: 30, test: 30 },
} as const

/** Where the demo's report and student go by default. */
export const defaultOut = fileURLToPath(new URL('../out', import.meta.url))

export const usage = `npm run demo:qqp -- [--data DIR | glue] [--seeds N] [--small] [--out DIR]
  --data DIR   Quora Question Pairs: a folder with train.tsv and dev.tsv, columns question1, question2 and is_duplicate or label
               (default: generated questions)
  --data glue  GLUE's, fetched from the Hugging Face hub once
  --seeds N    students of each kind, 1 to 20 (default: 1)
  --small      a miniature in seconds
  --out DIR    where the report and the student go (default: examples/qqp/out)`

/** Reads the command line. */
export async function planOf(argv: readonly string[], watched?: Watched): Promise<DemoPlan & { notes: string[] }> {
  const options = readCommandLine(argv, { usage, out: defaultOut })
  const { data: folder, seeds, out } = options
  const { size, notes } = await sizeOf(options)
  const data = folder
    ? await quoraData(folder, size === 'small' ? 600 : undefined, watched)
    : generatedData(generated[size === 'small' ? 'small' : 'usual'])
  const { train, validation, test } = data
  notes.push(...sharedNotes({ train, validation, test }))
  return { ...sizes[size], data, seeds, out, checkpoints: join(out, 'checkpoints', `${size}-${digest(train)}`), notes }
}
