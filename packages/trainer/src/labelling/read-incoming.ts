import { setImmediate } from 'node:timers/promises'
import { type Example, KdError, type OnProgress, textKey, throwIfAborted } from '@kd/core'
import type { IncomingExamples } from './transfer-set.ts'

const reportEvery = 2048

export interface ReadIncomingOptions {
  exclude: readonly Iterable<Example>[]
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Reads examples to their end.
 * @returns how many were left out because an excluded part has their text
 * @throws KdError of kind `data` for what is no example or has a label outside the task, with its position from 0
 */
export async function readIncoming(
  examples: Iterable<Example> | AsyncIterable<Example>,
  incoming: IncomingExamples,
  classes: number,
  { exclude, signal, onProgress }: ReadIncomingOptions,
): Promise<number> {
  const began = performance.now()
  const kept = new Set<string>()
  for (const part of exclude) for (const example of part) kept.add(textKey(example))
  let excluded = 0
  const total = (examples as { length?: number }).length
  const report = () =>
    onProgress?.({ stage: 'read', done: incoming.length + excluded, total, unit: 'examples', seconds: (performance.now() - began) / 1000 })
  for await (const example of examples) {
    checkExample(example, incoming.length + excluded, classes)
    if (kept.has(textKey(example))) excluded++
    else incoming.add(example)
    if ((incoming.length + excluded) % reportEvery > 0) continue
    throwIfAborted(signal)
    report()
    await setImmediate()
  }
  throwIfAborted(signal)
  incoming.texts.seal()
  report()
  return excluded
}

function checkExample(example: Example, position: number, classes: number): void {
  if (typeof example?.text !== 'string' || (example.pair !== undefined && typeof example.pair !== 'string')) {
    throw new KdError({ kind: 'data', what: `example ${position} has no text`, fix: 'Examples are { text, pair?, label? }.' })
  }
  const { label } = example
  if (label === undefined || (Number.isInteger(label) && label >= 0 && label < classes)) return
  throw new KdError({
    kind: 'data',
    what: `example ${position} has the label ${label}, and the task has ${classes} labels, counted from 0`,
    fix: 'Labels are indices into `task.labels`.',
  })
}
