import { KdError } from '@kd/core'

/** The model's name of each of the data's labels, where they differ: `{ 0: 'negative', 1: 'positive' }`. */
export type LabelMap = Readonly<Record<string, string>>

/**
 * For each of the task's labels the column that holds its logits.
 * @param whose whose labels the task's are compared with, and `asker` whose those are, for the message
 * @throws KdError of kind `mismatch` where names or order differ and no map says which is which
 */
export function labelColumns(
  taskLabels: readonly string[],
  modelLabels: readonly string[],
  labelMap?: LabelMap,
  whose = 'the teacher',
  asker = 'the data',
): number[] {
  const fail = (detail?: string) => mismatch(taskLabels, modelLabels, whose, asker, detail)
  const stranger = Object.keys(labelMap ?? {}).find((label) => !taskLabels.includes(label))
  if (stranger !== undefined) throw fail(`labelMap maps ${stranger}, which is none of ${asker}'s`)
  const mapped = taskLabels.map((label) => labelMap?.[label] ?? label)
  const columns = mapped.map((label) => modelLabels.indexOf(label))
  const fits = columns.length === modelLabels.length && new Set(columns).size === columns.length && !columns.includes(-1)
  if (fits && (labelMap !== undefined || columns.every((column, index) => column === index))) return columns
  throw fail(labelMap && `labelMap makes them ${mapped.join(', ')}`)
}

function mismatch(taskLabels: readonly string[], modelLabels: readonly string[], whose: string, asker: string, detail?: string): KdError {
  const pairs = taskLabels.map((label, index) => {
    const guess = modelLabels.includes(label) ? label : (modelLabels[index] ?? '...')
    return `${JSON.stringify(label)}: ${JSON.stringify(guess)}`
  })
  return new KdError({
    kind: 'mismatch',
    what: `${asker}'s labels are ${taskLabels.join(', ')} and ${whose}'s are ${modelLabels.join(', ')}${detail ? `; ${detail}` : ''}`,
    where: { option: 'labelMap' },
    fix:
      taskLabels.length === modelLabels.length
        ? `Say which is which, such as labelMap: { ${pairs.join(', ')} }, or fine-tune a teacher on these labels.`
        : 'Fine-tune a teacher on these labels.',
  })
}

/** Logits with their columns in the order of `columns`. The same array where that is their order already. */
export function inColumns(logits: Float32Array, columns: readonly number[]): Float32Array {
  if (columns.every((column, index) => column === index)) return logits
  const classes = columns.length
  return logits.map((_, index) => logits[index - (index % classes) + columns[index % classes]!]!)
}
