import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Dataset, KdError, type OnProgress } from '@kd/core'
import type { Model } from '../labelling/finite-logits.ts'
import type { LabelMap } from '../labelling/label-map.ts'
import type { ClassValues, ReportRow } from '../report/facts.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import { latency } from './latency.ts'

/** A model with what is known of its size: teachers and students have these fields, a function has none. */
export type MeasuredModel = Model & {
  readonly parameters?: { readonly total: number; readonly withoutEmbeddings: number }
  /** Size on disk. Default: of what `save` writes. */
  readonly bytes?: number
  save?(folder: string): Promise<{ bytes: number }>
}

export interface MeasureOptions {
  /** What epochs were chosen on. */
  validation?: Dataset
  /** What is only reported; its texts are the ones that are timed. */
  test: Dataset
  /** The model's name of each of the task's labels, where names or order differ. */
  labelMap?: LabelMap
  /** Sentences that are timed, after 20 of warm-up. Default: 200. */
  latencyRuns?: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * A report's row: metrics on validation and test, parameters, size on disk, and latency of single sentences.
 * @param models one for each seed; the same one again is evaluated once. Size and latency are the first one's.
 * @throws KdError as `evaluate` and `latency` do
 */
export async function measure(name: string, models: readonly MeasuredModel[], options: MeasureOptions): Promise<ReportRow> {
  const [first] = models
  if (!first) throw new KdError({ kind: 'option', what: `there is no model to measure for row ${name}`, where: { option: 'models' } })
  const { validation, test, labelMap, latencyRuns, signal, onProgress } = options
  const known = new Map<MeasuredModel, { validation?: Evaluation; test: Evaluation }>()
  for (const model of models) {
    if (known.has(model)) continue
    const evaluating = { name, labelMap, signal, onProgress }
    known.set(model, {
      validation: validation && (await evaluate(model, validation, evaluating)),
      test: await evaluate(model, test, evaluating),
    })
  }
  const values = (part: 'validation' | 'test', metric: string) => models.flatMap((model) => known.get(model)![part]?.metrics[metric] ?? [])
  const metrics = test.task.metrics.map((metric) => [metric, { validation: values('validation', metric), test: values('test', metric) }])
  const bytes = first.bytes ?? (await savedBytes(first))
  return {
    name,
    metrics: Object.fromEntries(metrics),
    ...(test.task.labels.length > 2 && { perClass: perClassOf(models.map((model) => known.get(model)!.test)) }),
    ...(first.parameters && { parameters: first.parameters }),
    ...(bytes !== undefined && { bytes }),
    latencyMs: await latency(first, test, { name, runs: latencyRuns, signal, onProgress }),
  }
}

function perClassOf(evaluations: readonly Evaluation[]): Record<string, ClassValues> {
  const mean = (label: string, figure: 'precision' | 'recall' | 'f1') =>
    evaluations.reduce((sum, { perClass }) => sum + perClass[label]![figure], 0) / evaluations.length
  return Object.fromEntries(
    Object.entries(evaluations[0]!.perClass).map(([label, { examples }]) => [
      label,
      { examples, precision: mean(label, 'precision'), recall: mean(label, 'recall'), f1: mean(label, 'f1') },
    ]),
  )
}

async function savedBytes(model: MeasuredModel): Promise<number | undefined> {
  if (!model.save) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'kd-measure-'))
  try {
    return (await model.save(join(folder, 'student'))).bytes
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
