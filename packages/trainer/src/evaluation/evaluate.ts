import { setImmediate } from 'node:timers/promises'
import { type Dataset, KdError, type OnProgress, throwIfAborted } from '@kd/core'
import { argMax, type ClassFigures, metric, perClass } from '@kd/losses/metrics'
import { byLength } from '../labelling/by-length.ts'
import { checkReads } from '../labelling/check-reads.ts'
import { finiteLogits, type Model } from '../labelling/finite-logits.ts'
import { inColumns, type LabelMap, labelColumns } from '../labelling/label-map.ts'

export interface EvaluateOptions {
  /** Examples given to the model at once. Default: 64. */
  batchSize?: number
  /** The model's name of each of the task's labels, where names or order differ. */
  labelMap?: LabelMap
  /** Shown in progress events. */
  name?: string
  signal?: AbortSignal
  onProgress?: OnProgress
}

export interface Evaluation {
  /** Number of examples. */
  readonly examples: number
  /** The task's metrics by name: 1 is perfect. */
  readonly metrics: Readonly<Record<string, number>>
  /** By label: how each class is found. Empty for a score. */
  readonly perClass: Readonly<Record<string, ClassFigures>>
  /** Class of each example, an index into the task's labels; the score itself where the task has one label. */
  readonly predictions: Int32Array | Float32Array
  /** Row-major `[examples, labels]`, columns in the order of the task's labels. */
  readonly logits: Float32Array
  readonly seconds: number
}

/**
 * How a model does on labelled examples, by the task's metrics.
 * @throws KdError of kind `data` where there is no example or one has no label, `mismatch` where the model's labels are
 *   others than the task's or it reads pairs and they are single texts (or the other way round), `teacher` for logits that are not finite, `aborted` between two batches
 */
export async function evaluate(model: Model, data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { batchSize = 64, labelMap, name, signal, onProgress } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new KdError({ kind: 'option', what: `${batchSize} is not a whole number above 0`, where: { option: 'batchSize' } })
  }
  const { labels, metrics } = data.task
  const columns = labelColumns(labels, model.labels, labelMap, name ?? 'the model')
  const golds = goldLabels(data)
  const reader = { name: name ?? model.name ?? 'the model', pairs: model.pairs }
  data.examples.forEach((example, position) => {
    checkReads(reader, example, position)
  })
  const began = performance.now()
  const logits = new Float32Array(data.length * labels.length)
  const order = byLength(model, data.examples)
  for (let start = 0; start < order.length; start += batchSize) {
    throwIfAborted(signal)
    const batch = order.subarray(start, start + batchSize)
    const examples = Array.from(batch, (index) => data.examples[index]!)
    const answer = inColumns(await finiteLogits(model, examples, (row) => batch[row]!, signal), columns)
    batch.forEach((index, row) => {
      logits.set(answer.subarray(row * labels.length, (row + 1) * labels.length), index * labels.length)
    })
    const done = start + batch.length
    onProgress?.({ stage: 'evaluate', name, done, total: data.length, unit: 'examples', seconds: (performance.now() - began) / 1000 })
    await setImmediate()
  }
  const predictions = labels.length === 1 ? logits : argMax(logits, labels.length)
  const figures = labels.length === 1 ? [] : perClass(predictions, golds, labels.length)
  return {
    examples: data.length,
    metrics: Object.fromEntries(
      // Scores that are all the same correlate with nothing: NaN.
      metrics.map((which) => [which, metric(which)(predictions, golds) || 0]),
    ),
    perClass: Object.fromEntries(figures.map((found, index) => [labels[index]!, found])),
    predictions,
    logits,
    seconds: (performance.now() - began) / 1000,
  }
}

function goldLabels({ examples, task }: Dataset): Int32Array | Float64Array {
  if (examples.length === 0) throw new KdError({ kind: 'data', what: 'there is no example to evaluate on' })
  const golds = examples.map(({ label }, index) => {
    if (label !== undefined) return label
    throw new KdError({ kind: 'data', what: `example ${index} has no label to compare with`, fix: 'Evaluate on labelled examples.' })
  })
  return task.labels.length === 1 ? Float64Array.from(golds) : Int32Array.from(golds)
}
