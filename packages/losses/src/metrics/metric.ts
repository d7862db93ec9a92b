import { KdError, type MetricName } from '@kd/core'
import { accuracy } from './accuracy.ts'
import { pearson, spearman } from './correlation.ts'
import { f1 } from './f1.ts'
import { mcc } from './mcc.ts'

/**
 * Compares what a model says with what is true, example by example: indices of classes, or scores for correlations.
 * Higher is better, 1 is perfect.
 */
export type Metric = (predicted: ArrayLike<number>, actual: ArrayLike<number>) => number

const metrics: Readonly<Record<MetricName, Metric>> = { accuracy, f1, mcc, pearson, spearman }

/**
 * The metric of a name, as a task's `metrics` has it.
 * @throws KdError of kind `option` for a name that is none
 */
export function metric(name: MetricName): Metric {
  if (Object.hasOwn(metrics, name)) return metrics[name]
  throw new KdError({
    kind: 'option',
    what: `there is no metric ${JSON.stringify(name)}`,
    where: { option: 'metrics' },
    fix: `Use one of ${Object.keys(metrics).join(', ')}.`,
  })
}
