import { type Dataset, type Example, KdError, type MetricName } from '@kd/core'
import { argMax, metric } from '@kd/losses/metrics'
import type { BertModel } from '../checkpoint/model.ts'
import { goldLabels, taskOf } from '../fine-tune/examples.ts'
import { forwardOn } from '../forward/forward.ts'
import { BertTeacher, modelOf } from '../teacher.ts'

export interface QuantizationCheckOptions {
  /** Labelled examples that nothing was trained on, to compare int8 with single precision on. Default: nothing is compared. */
  dev?: Dataset | Iterable<Example>
  /** What they are compared by. Default: the task's first metric, else `accuracy`, or `pearson` for a regression. */
  metric?: MetricName
  /** By how much int8 may be worse, from 0 to 1. Default: 0.02. */
  mostLost?: number
  signal?: AbortSignal
}

/** A teacher in single precision and in int8, on the same examples. */
export interface QuantizationCheck {
  readonly examples: number
  readonly metric: MetricName
  readonly float32: number
  readonly int8: number
  /** Share of the examples for which both name the same class; absent for a regression. */
  readonly agreement?: number
  /** Sizes of the weights: as they were stored, and in int8. */
  readonly bytes: { readonly before: number; readonly int8: number }
}

/** A model's teacher that computes in single precision, whatever its weights are stored in. */
export async function inSinglePrecision(
  model: BertModel,
  { labels, maxLength }: Pick<BertTeacher, 'labels' | 'maxLength'>,
): Promise<BertTeacher> {
  return new BertTeacher(model.folder, model, await forwardOn(model.weights, model.config, 'float32'), { labels, maxLength })
}

/** @throws KdError of kind `mismatch`, `data`, `option`, `teacher` where int8 loses more than `mostLost`, `aborted` */
export async function quantizationCheck(
  before: BertTeacher,
  quantized: BertTeacher,
  dev: Dataset | Iterable<Example>,
  { metric: wanted, mostLost = 0.02, signal }: QuantizationCheckOptions,
): Promise<QuantizationCheck> {
  if (!(mostLost >= 0 && mostLost <= 1)) {
    throw new KdError({ kind: 'option', what: `${mostLost} is not from 0 to 1`, where: { option: 'mostLost' } })
  }
  const { labels, problemType } = before
  const task = taskOf(dev)
  const regression = problemType === 'regression'
  if (task !== undefined && !regression && task.labels.join('\n') !== labels.join('\n')) {
    throw new KdError({
      kind: 'mismatch',
      what: `dev's labels are ${task.labels.join(', ')}, the teacher's are ${labels.join(', ')}`,
      where: { option: 'dev' },
      fix: "Read dev with the teacher's labels, or give the teacher dev's: BertTeacher.load(source, { labels }).",
    })
  }
  const name = wanted ?? task?.metrics[0] ?? (regression ? 'pearson' : 'accuracy')
  const of = metric(name)
  const rows = [...dev]
  const golds = goldLabels(rows, labels, regression, 'dev')
  const answers = (logits: Float32Array) => (regression ? logits : argMax(logits, labels.length))
  const widened = await inSinglePrecision(modelOf(before), before)
  try {
    const exact = answers(await widened.logits(rows, { signal }))
    const rounded = answers(await quantized.logits(rows, { signal }))
    const check: QuantizationCheck = {
      examples: rows.length,
      metric: name,
      float32: of(exact, golds),
      int8: of(rounded, golds),
      ...(!regression && { agreement: rounded.filter((label, row) => label === exact[row]).length / rows.length }),
      bytes: { before: before.bytes, int8: quantized.bytes },
    }
    if (check.float32 - check.int8 <= mostLost) return check
    throw new KdError({
      kind: 'teacher',
      what: `${name} on dev's ${rows.length} examples falls from ${check.float32.toFixed(4)} to ${check.int8.toFixed(4)} in int8, allowed are ${mostLost}`,
      fix: 'Use the teacher in single precision, or allow more: mostLost.',
    })
  } finally {
    await widened.dispose()
  }
}

/** What a card says about a quantisation. */
export function measuredSection({ examples, metric, float32, int8, agreement, bytes }: QuantizationCheck): string {
  const size = (count: number) => `${(count / 1e6).toFixed(1)} MB`
  const same = agreement === undefined ? '' : ` Both name the same class for ${(100 * agreement).toFixed(2)} % of them.`
  return `On ${examples.toLocaleString('en')} examples of dev.${same}

| products | weights | ${metric} |
| --- | --- | --- |
| single precision | ${size(bytes.before)} | ${float32.toFixed(4)} |
| int8, this folder | ${size(bytes.int8)} | ${int8.toFixed(4)} |`
}
