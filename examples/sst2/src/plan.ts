import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digest, readCommandLine, sharedNotes, sizeOf, type Watched } from '@kd/example-common'
import type { TrainOptions } from '@kd/trainer'
import { type DemoData, glueData, sentimentData } from './data.ts'

type Steps = Required<Pick<TrainOptions, 'steps' | 'evaluateEvery'>> & Pick<TrainOptions, 'batchSize'>

/** What the demo does, from data to settings. */
export interface DemoPlan extends Partial<Watched> {
  data: DemoData
  seeds: number[]
  /** Synthetic sentences tried for each original. */
  perExample: number
  /** Of the word vectors. */
  dimensions: number
  /** Unless the kind of student has its own. */
  batchSize: number
  /** Of students on gold labels. */
  alone: Steps
  /** Of students on the teacher's logits. */
  distilled: Steps
  /** Sentences by which latency is measured. Default: that of `measure`. */
  latencyRuns?: number
  /** Folder of the store, the report and the student. */
  out: string
  /** Folder of the checkpoints of this data and size: what another run left is not gone on with. */
  checkpoints: string
}

// The large size is the experiment on GLUE's 67,349 sentences. What is not given is the default of `train`.
const sizes = {
  large: {
    perExample: 20,
    dimensions: 300,
    batchSize: 256,
    alone: { steps: 6000, evaluateEvery: 100 },
    distilled: { steps: 3000, evaluateEvery: 250, batchSize: 512 },
  },
  usual: {
    perExample: 8,
    dimensions: 100,
    batchSize: 128,
    alone: { steps: 600, evaluateEvery: 40 },
    distilled: { steps: 600, evaluateEvery: 40 },
  },
  small: {
    perExample: 1,
    dimensions: 50,
    batchSize: 32,
    alone: { steps: 40, evaluateEvery: 10 },
    distilled: { steps: 40, evaluateEvery: 10 },
    latencyRuns: 40,
  },
} as const

/** Where the demo's report and student go by default. */
export const defaultOut = fileURLToPath(new URL('../out', import.meta.url))

export const usage = `npm run demo -- [--data DIR | glue] [--seeds N] [--small] [--out DIR]
  --data DIR   GLUE's SST-2: a folder with train.tsv and dev.tsv (default: 3,000 sentences of the npm package sentiment)
  --data glue  the same, fetched from the Hugging Face hub once
  --seeds N    students of each kind, 1 to 20 (default: 1)
  --small      a miniature in seconds
  --out DIR    where the report and the student go (default: examples/sst2/out)`

/** Reads the command line. */
export async function planOf(argv: readonly string[], watched?: Watched): Promise<DemoPlan & { notes: string[] }> {
  const options = readCommandLine(argv, { usage, out: defaultOut })
  const { data: folder, seeds, out } = options
  const { size, notes } = await sizeOf(options)
  const data = folder ? await glueData(folder, size === 'small' ? 300 : undefined, watched) : sentimentData(size === 'small' ? 300 : 3000)
  const { train, validation, test } = data
  notes.push(...sharedNotes({ train, validation, test }))
  return { ...sizes[size], data, seeds, out, checkpoints: join(out, 'checkpoints', `${size}-${digest(train)}`), notes }
}
