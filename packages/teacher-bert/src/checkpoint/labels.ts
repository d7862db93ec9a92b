import { KdError } from '@kd/core'

/** What a head was trained for; `problem_type` of config.json. */
export const problemTypes = ['single_label_classification', 'multi_label_classification', 'regression'] as const
export type ProblemType = (typeof problemTypes)[number]

/** @throws KdError of kind `format` */
export function parseProblemType(value: unknown, file: string): ProblemType | undefined {
  if (value === undefined || value === null) return undefined
  if (problemTypes.includes(value as ProblemType)) return value as ProblemType
  throw new KdError({
    kind: 'format',
    what: `problem_type is ${JSON.stringify(value)}, none of ${problemTypes.join(', ')}`,
    where: { file },
  })
}

/**
 * Names of the classes in the order of the logits, of `id2label`.
 * @throws KdError of kind `format`
 */
export function labelNames(id2label: unknown, file: string): string[] {
  const names = Object.entries(typeof id2label === 'object' && id2label !== null ? id2label : {})
  const labels: string[] = []
  for (const [id, name] of names) if (typeof name === 'string') labels[Number(id)] = name
  if (names.length === 0 || labels.length !== names.length || Object.keys(labels).length !== names.length) {
    throw new KdError({
      kind: 'format',
      what: `id2label is ${JSON.stringify(id2label).slice(0, 80)}, not names under "0", "1", ...`,
      where: { file },
    })
  }
  if (new Set(labels).size !== labels.length) {
    throw new KdError({ kind: 'format', what: 'id2label holds a name twice', where: { file } })
  }
  return labels
}

/**
 * Names of the logits: those wanted, else those of the configuration, else `LABEL_0`, `LABEL_1`, ...
 * @throws KdError of kind `option`
 */
export function chosenLabels(
  classes: number,
  stored: readonly string[] | undefined,
  wanted: readonly string[] | undefined,
  model: string,
): readonly string[] {
  if (wanted === undefined) return stored ?? Array.from({ length: classes }, (_, index) => `LABEL_${index}`)
  if (wanted.length === classes && new Set(wanted).size === classes) return [...wanted]
  throw new KdError({
    kind: 'option',
    what: `${JSON.stringify(wanted)} are not ${classes} different names, one for each logit of ${model}`,
    where: { option: 'labels' },
  })
}

/** What transformers takes a head for that does not say: regression where there is one logit. */
export const problemTypeOf = (stated: ProblemType | undefined, classes: number): ProblemType =>
  stated ?? (classes === 1 ? 'regression' : 'single_label_classification')

/** A configuration with these names for its logits. */
export const configWithLabels = (config: Readonly<Record<string, unknown>>, labels: readonly string[]): Record<string, unknown> => ({
  ...config,
  id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
  label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
})
