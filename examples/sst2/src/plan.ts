import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KdError, type OnProgress } from '@kd/core'
import { engine } from '@kd/jit'
import type { TrainOptions } from '@kd/trainer'
import { type DemoData, glueData, sentimentData } from './data.ts'

type Steps = Required<Pick<TrainOptions, 'steps' | 'evaluateEvery'>>

/** What the demo does, from data to settings. */
export interface DemoPlan {
  data: DemoData
  seeds: number[]
  /** Synthetic sentences tried for each original. */
  perExample: number
  /** Of the word vectors. */
  dimensions: number
  batchSize: number
  /** Of students on gold labels: few steps, since they soon know the labels by heart. */
  alone: Steps
  /** Of students on the teacher's logits. */
  distilled: Steps
  /** Folder of the store, the report and the student. */
  out: string
  /** Folder of the checkpoints of this data and size: what another run left is not gone on with. */
  checkpoints: string
  signal?: AbortSignal
  onProgress?: OnProgress
}

// The large size is the experiment on GLUE's 67,349 sentences. What is not given is the default of `train`.
const sizes = {
  large: {
    perExample: 5,
    dimensions: 300,
    batchSize: 256,
    alone: { steps: 1200, evaluateEvery: 100 },
    distilled: { steps: 4000, evaluateEvery: 250 },
  },
  usual: {
    perExample: 8,
    dimensions: 100,
    batchSize: 128,
    alone: { steps: 600, evaluateEvery: 40 },
    distilled: { steps: 600, evaluateEvery: 40 },
  },
  small: {
    perExample: 4,
    dimensions: 50,
    batchSize: 64,
    alone: { steps: 120, evaluateEvery: 20 },
    distilled: { steps: 120, evaluateEvery: 20 },
  },
} as const

/** A path as the user wrote it: npm runs scripts in the package's folder, and says where it was called. */
export const fromCaller = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path)

/** Where the demo's report and student go by default. */
export const defaultOut = fileURLToPath(new URL('../out', import.meta.url))

export const usage = `npm run demo -- [--data DIR] [--seeds N] [--small] [--out DIR]
  --data DIR   GLUE's SST-2: a folder with train.tsv and dev.tsv (default: 3,000 sentences of the npm package sentiment)
  --seeds N    students of each kind, 1 to 20 (default: 1)
  --small      a miniature in seconds
  --out DIR    where the report and the student go (default: examples/sst2/out)`

/** Reads the command line. */
export async function planOf(argv: readonly string[]): Promise<DemoPlan & { notes: string[] }> {
  const options = parse(argv)
  const { seeds: count, small } = options
  const [folder, out] = [options.data && fromCaller(options.data), fromCaller(options.out)]
  const seeds = Number(count)
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > 20) {
    throw new KdError({ kind: 'option', what: `${count} is not a whole number from 1 to 20`, where: { option: '--seeds' }, fix: usage })
  }
  const { native, reason } = await engine()
  const notes: string[] = []
  if (!native && !small) {
    notes.push(`The native engine is not at work (${reason}): npm install onnxruntime-node --ignore-scripts`)
    notes.push('On TensorFlow.js the whole demo would take hours. This is the small one, some minutes.')
  }
  const size = small || !native ? 'small' : folder ? 'large' : 'usual'
  const data = folder ? await glueData(folder, size === 'small' ? 600 : undefined) : sentimentData(size === 'small' ? 600 : 3000)
  return {
    ...sizes[size],
    data,
    seeds: Array.from({ length: seeds }, (_, index) => index + 1),
    out,
    checkpoints: join(out, 'checkpoints', `${size}-${digest(data)}`),
    notes,
  }
}

function digest({ train }: DemoData): string {
  const hash = createHash('sha256')
  for (const { text } of train) hash.update(`${text}\n`)
  return hash.digest('hex').slice(0, 8)
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        data: { type: 'string' },
        seeds: { type: 'string', default: '1' },
        small: { type: 'boolean', default: false },
        out: { type: 'string', default: defaultOut },
      },
    }).values
  } catch (error) {
    throw new KdError({ kind: 'option', what: (error as Error).message, fix: usage })
  }
}
