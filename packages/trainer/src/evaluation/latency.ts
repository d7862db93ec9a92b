import { type Example, KdError, type OnProgress, throwIfAborted } from '@kd/core'
import type { Model } from '../labelling/finite-logits.ts'

export interface LatencyOptions {
  /** Answers before the clock counts. Default: 20. */
  warmUp?: number
  /** Answers that are timed. Default: 200. */
  runs?: number
  /** Shown in progress events. */
  name?: string
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** Milliseconds from one text to its logits: half of the answers took at most `p50`, 95 % at most `p95`. */
export interface Latency {
  readonly p50: number
  readonly p95: number
}

/**
 * Times a model on one text at a time, as a service meets them. The texts are gone through again where there are fewer
 * than `runs`.
 * @throws KdError of kind `option` or `data` for numbers out of range or no text, `aborted` between two texts
 */
export async function latency(model: Model, texts: Iterable<string | Example>, options: LatencyOptions = {}): Promise<Latency> {
  const { warmUp = 20, runs = 200, name, signal, onProgress } = options
  if (!Number.isInteger(warmUp) || warmUp < 0) {
    throw new KdError({ kind: 'option', what: `${warmUp} is not a whole number from 0`, where: { option: 'warmUp' } })
  }
  if (!Number.isInteger(runs) || runs < 1) {
    throw new KdError({ kind: 'option', what: `${runs} is not a whole number above 0`, where: { option: 'runs' } })
  }
  const examples = Array.from(texts, (text) => [typeof text === 'string' ? { text } : text])
  if (examples.length === 0) throw new KdError({ kind: 'data', what: 'there is no text to time' })
  const began = performance.now()
  const times = new Float64Array(runs)
  for (let run = -warmUp; run < runs; run++) {
    throwIfAborted(signal)
    const example = examples[(run + warmUp) % examples.length]!
    const start = performance.now()
    await model.logits(example, { signal })
    if (run < 0) continue
    times[run] = performance.now() - start
    onProgress?.({ stage: 'measure', name, done: run + 1, total: runs, unit: 'sentences', seconds: (performance.now() - began) / 1000 })
  }
  times.sort()
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95) }
}

/** The smallest time that at least this share of the times does not exceed. */
const percentile = (sorted: Float64Array, share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
