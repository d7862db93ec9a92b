import { setImmediate } from 'node:timers/promises'
import { type Example, KdError, type OnProgress, type Teacher, textKey, throwIfAborted } from '@kd/core'
import { checkReads } from './check-reads.ts'
import type { IncomingExamples } from './transfer-set.ts'

const reportEvery = 2048

export interface ReadIncomingOptions {
  teacher: Teacher
  classes: number
  exclude: readonly Iterable<Example>[]
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Reads examples to their end.
 * @returns how many were left out because an excluded part has their text
 * @throws KdError of kind `data` for what is no example or has a label outside the task, `mismatch` for a pair where the
 * teacher reads single texts or the other way round, with its position from 0
 */
export async function readIncoming(
  examples: Iterable<Example> | AsyncIterable<Example>,
  incoming: IncomingExamples,
  { teacher, classes, exclude, signal, onProgress }: ReadIncomingOptions,
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
    checkReads(teacher, example, incoming.length + excluded)
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
  if (label === undefined || (classes === 1 && Number.isFinite(label))) return
  if (classes > 1 && Number.isInteger(label) && label >= 0 && label < classes) return
  throw new KdError({
    kind: 'data',
    what:
      classes === 1
        ? `example ${position} has the label ${label}, and the task's labels are scores`
        : `example ${position} has the label ${label}, and the task has ${classes} labels, counted from 0`,
    fix: 'Labels are indices into `task.labels`; where that has one name, finite numbers.',
  })
}
