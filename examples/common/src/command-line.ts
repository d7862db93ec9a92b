import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Dataset, KdError } from '@kd/core'
import { engine } from '@kd/jit'

export interface DemoOptions {
  /** Folder of the user's own data, or `glue`. */
  data?: string
  seeds: number[]
  small: boolean
  /** Folder of what the demo writes. */
  out: string
}

/** Large is an experiment on a data set of the user's, usual the demo, small a miniature. */
export type DemoSize = 'large' | 'usual' | 'small'

/** A path as the user wrote it: npm runs scripts in the package's folder, and says where it was called. */
export const fromCaller = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path)

/**
 * Reads `--data DIR --seeds N --small --out DIR`; DIR may be `glue`, a folder of that name is `./glue`.
 * @throws KdError of kind `option` that shows the usage
 */
export function readCommandLine(argv: readonly string[], { usage, out }: { usage: string; out: string }): DemoOptions {
  const { data, seeds, small, out: place } = parse(argv, usage, out)
  const count = Number(seeds)
  if (!Number.isInteger(count) || count < 1 || count > 20) {
    throw new KdError({ kind: 'option', what: `${seeds} is not a whole number from 1 to 20`, where: { option: '--seeds' }, fix: usage })
  }
  return {
    data: data === 'glue' ? data : data && fromCaller(data),
    seeds: Array.from({ length: count }, (_, index) => index + 1),
    small,
    out: fromCaller(place),
  }
}

function parse(argv: readonly string[], usage: string, out: string) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        data: { type: 'string' },
        seeds: { type: 'string', default: '1' },
        small: { type: 'boolean', default: false },
        out: { type: 'string', default: out },
      },
    }).values
  } catch (error) {
    throw new KdError({ kind: 'option', what: (error as Error).message, fix: usage })
  }
}

/** How much the demo does, and what to tell the user of it: without the native engine it is the small one. */
export async function sizeOf({ small, data }: DemoOptions): Promise<{ size: DemoSize; notes: string[] }> {
  const { native, reason } = await engine()
  if (native || small) return { size: small ? 'small' : data ? 'large' : 'usual', notes: [] }
  return {
    size: 'small',
    notes: [
      `The native engine is not at work (${reason}): npm install onnxruntime-node --ignore-scripts`,
      'On TensorFlow.js the whole demo would take hours. This is the small one, some minutes.',
    ],
  }
}

/** Tells data sets apart, so that a run does not go on with another's checkpoints. */
export function digest({ examples }: Dataset): string {
  const hash = createHash('sha256')
  for (const { text, pair, label } of examples) hash.update(`${JSON.stringify([text, pair, label])}\n`)
  return hash.digest('hex').slice(0, 8)
}
