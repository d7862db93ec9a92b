import { KdError } from '@kd/core'

/** The task's name of each of the teacher's labels, where they differ: `{ LABEL_0: 'negative', LABEL_1: 'positive' }`. */
export type LabelMap = Readonly<Record<string, string>>

/**
 * For each of the task's labels the teacher's column that holds its logits.
 * @throws KdError of kind `mismatch` where names or order differ and no map says which is which
 */
export function labelColumns(taskLabels: readonly string[], teacherLabels: readonly string[], labelMap?: LabelMap): number[] {
  for (const key of Object.keys(labelMap ?? {})) {
    if (!teacherLabels.includes(key)) throw mismatch(taskLabels, teacherLabels, `labelMap names ${key}, which is none of the teacher's`)
  }
  const named = teacherLabels.map((label) => labelMap?.[label] ?? label)
  const columns = taskLabels.map((label) => named.indexOf(label))
  const same = columns.every((column, index) => (labelMap ? column >= 0 : column === index))
  if (same && new Set(named).size === taskLabels.length && named.length === taskLabels.length) return columns
  throw mismatch(taskLabels, teacherLabels, labelMap ? `labelMap makes them ${named.join(', ')}` : undefined)
}

function mismatch(taskLabels: readonly string[], teacherLabels: readonly string[], detail?: string): KdError {
  const example = teacherLabels.map((label, index) => {
    const guess = taskLabels.includes(label) ? label : (taskLabels[index] ?? '…')
    return `${JSON.stringify(label)}: ${JSON.stringify(guess)}`
  })
  return new KdError({
    kind: 'mismatch',
    what: `the data's labels are ${taskLabels.join(', ')} and the teacher's are ${teacherLabels.join(', ')}${detail ? `; ${detail}` : ''}`,
    where: { option: 'labelMap' },
    fix:
      taskLabels.length === teacherLabels.length
        ? `Say which is which, such as labelMap: { ${example.join(', ')} }, or fine-tune a teacher on these labels.`
        : 'Fine-tune a teacher on these labels.',
  })
}

/** Logits with their columns in the order of `columns`. The same array where that is their order already. */
export function inColumns(logits: Float32Array, columns: readonly number[]): Float32Array {
  if (columns.every((column, index) => column === index)) return logits
  const classes = columns.length
  return logits.map((_, index) => logits[index - (index % classes) + columns[index % classes]!]!)
}
