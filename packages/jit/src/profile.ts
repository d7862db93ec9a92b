import { KdError } from '@kd/core'
import { boundEngine } from './engines/bound.ts'
import type { Engine } from './engines/engine.ts'

/** The time of all runs of one ONNX operator. */
export interface ProfileRow {
  readonly operator: string
  readonly calls: number
  readonly milliseconds: number
  /** Of the time of all runs. */
  readonly share: number
}

export interface Profile {
  /** Slowest first. */
  readonly rows: readonly ProfileRow[]
  /** Of all runs, added up over workers, in milliseconds; the rows lack what is between operators. */
  readonly milliseconds: number
  /** A table to print. */
  toString(): string
}

/**
 * Time by operator while `work` runs: jitted functions, training steps, `loadOnnx` sessions of small models. Each graph
 * is loaded once more for it, with ONNX Runtime's profiler, so that `work` itself takes longer than otherwise.
 * @throws KdError of kind `engine` on an engine other than onnxruntime-node, or while another profile is taken
 */
export function profile(work: () => unknown): Promise<Profile> {
  return profileOn(work, boundEngine)
}

/** The same on a given engine. */
export async function profileOn(work: () => unknown, bind: () => Promise<Engine>): Promise<Profile> {
  const { info, runtime } = await bind()
  const worker = info.native ? await runtime() : undefined
  if (!worker?.profile) {
    const what = `a profile needs the engine onnxruntime-node; this is ${info.name}`
    throw new KdError({ kind: 'engine', what, fix: 'Take it where onnxruntime-node is installed.' })
  }
  await worker.profile(true)
  try {
    await work()
  } catch (error) {
    await worker.profile(false)
    throw error
  }
  const times = await worker.profile(false)
  const milliseconds = times.reduce((sum, time) => sum + (time.operator === '' ? time.microseconds / 1000 : 0), 0)
  const byOperator = new Map<string, { calls: number; milliseconds: number }>()
  for (const { operator, calls, microseconds } of times) {
    if (operator === '') continue
    const row = byOperator.get(operator) ?? { calls: 0, milliseconds: 0 }
    row.calls += calls
    row.milliseconds += microseconds / 1000
    byOperator.set(operator, row)
  }
  const rows = [...byOperator].map(([operator, row]) => ({ operator, ...row, share: row.milliseconds / milliseconds }))
  rows.sort((a, b) => b.milliseconds - a.milliseconds)
  return { rows, milliseconds, toString: () => table(rows) }
}

function table(rows: readonly ProfileRow[]): string {
  const wide = Math.max(8, ...rows.map(({ operator }) => operator.length))
  const lines = rows.map(({ operator, calls, milliseconds, share }) =>
    [
      operator.padEnd(wide),
      String(calls).padStart(7),
      milliseconds.toFixed(1).padStart(9),
      `${(100 * share).toFixed(1)} %`.padStart(7),
    ].join('  '),
  )
  return [['operator'.padEnd(wide), 'calls'.padStart(7), 'ms'.padStart(9), 'share'.padStart(7)].join('  '), ...lines].join('\n')
}
