import { KdError } from '@kd/core'
import type { Column } from '@kd/data'

const prefix = 'logit_'

/** One column of logits for each label, named after it. */
export const logitColumns = (labels: readonly string[]): Column[] => labels.map((label) => ({ name: `${prefix}${label}`, type: 'float' }))

/**
 * Where each label's logits stand in a header.
 * @throws KdError of kind `mismatch` where the header has others or lacks one
 */
export function locateLogits(header: readonly string[], labels: readonly string[], file: string): number[] {
  const named = header.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  if (named.length === labels.length && labels.every((label) => named.includes(label))) {
    return labels.map((label) => header.indexOf(prefix + label))
  }
  throw new KdError({
    kind: 'mismatch',
    what: `the store's labels are ${labels.join(', ')} and the file has logits of ${named.join(', ') || 'none'}; its header is ${header.map((name) => JSON.stringify(name)).join(', ')}`,
    where: { file, line: 1 },
    fix: `Name its columns ${labels.map((label) => prefix + label).join(', ')}, or open the store for a teacher with these labels.`,
  })
}
