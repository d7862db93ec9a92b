import { setImmediate } from 'node:timers/promises'
import { type Example, KdError, type OnProgress, throwIfAborted } from '@kd/core'
import type { IncomingExamples } from './transfer-set.ts'

const reportEvery = 2048

/**
 * Reads examples to their end.
 * @throws KdError of kind `data` for what is no example or has a label outside the task, with its position from 0
 */
export async function readIncoming(
  examples: Iterable<Example> | AsyncIterable<Example>,
  incoming: IncomingExamples,
  classes: number,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress },
): Promise<void> {
  const began = performance.now()
  const total = (examples as { length?: number }).length
  const report = () =>
    onProgress?.({ stage: 'read', done: incoming.length, total, unit: 'examples', seconds: (performance.now() - began) / 1000 })
  for await (const example of examples) {
    checkExample(example, incoming.length, classes)
    incoming.add(example)
    if (incoming.length % reportEvery > 0) continue
    throwIfAborted(signal)
    report()
    await setImmediate()
  }
  throwIfAborted(signal)
  incoming.texts.seal()
  report()
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
