import { KdError, type KdErrorPlace } from '@kd/core'
import type { StreamOptions } from './read-options.ts'

type LabelOptions = Pick<StreamOptions, 'labels' | 'labelMap' | 'unlabelled'>

/**
 * Checks the options before anything is read.
 * @throws KdError of kind `option`
 */
export function checkLabelOptions({ labels, labelMap = {} }: LabelOptions): void {
  if (!labels) return
  if (labels.length < 2 || new Set(labels).size < labels.length) {
    throw new KdError({
      kind: 'option',
      what: `${JSON.stringify(labels)} are not two or more different names`,
      where: { option: 'labels' },
      fix: "Name each class once: labels: ['negative', 'positive'].",
    })
  }
  const stray = Object.values(labelMap).find((name) => !labels.includes(name))
  if (stray !== undefined) {
    throw new KdError({
      kind: 'option',
      what: `${JSON.stringify(stray)} is none of the labels ${labels.join(', ')}`,
      where: { option: 'labelMap' },
      fix: 'Map each label of the file to one of them.',
    })
  }
}

/**
 * A label as it stands in a file, mapped; undefined where the row says that it has none.
 * @throws KdError of kind `data` for an empty cell, or one that is no text, number or boolean
 */
export function labelName(cell: unknown, { labelMap = {}, unlabelled }: LabelOptions, where: KdErrorPlace): string | undefined {
  const name = typeof cell === 'string' ? cell.trim() : typeof cell === 'number' || typeof cell === 'boolean' ? String(cell) : ''
  if (name === unlabelled) return undefined
  if (name === '') {
    throw new KdError({
      kind: 'data',
      what: 'the row has no label',
      where,
      fix: "Label it or remove it; where labels may be absent: unlabelled: ''.",
    })
  }
  return Object.hasOwn(labelMap, name) ? labelMap[name]! : name
}

/**
 * A label's index into `labels`: by its name, else as an index.
 * @param otherLabel what to do where the column is the wrong one
 * @throws KdError of kind `data` for a label outside of them
 */
export function labelIndex(name: string, labels: readonly string[], where: KdErrorPlace, otherLabel: () => string): number {
  const index = labels.indexOf(name)
  if (index !== -1) return index
  if (/^\d+$/.test(name) && Number(name) < labels.length) return Number(name)
  throw new KdError({
    kind: 'data',
    what: `the label ${JSON.stringify(name)} is none of ${labels.join(', ')}, nor an index from 0 to ${labels.length - 1}`,
    where,
    fix: `Map it: labelMap: { ${JSON.stringify(name)}: ${JSON.stringify(labels[0])} }, or add it to labels. ${otherLabel()}`,
  })
}

/** Names in the order that classes get where none is given: by number where all are numbers, else by character codes. */
export function orderLabels(names: Iterable<string>): string[] {
  const distinct = [...new Set(names)]
  return distinct.every((name) => Number.isFinite(Number(name)))
    ? distinct.sort((a, b) => Number(a) - Number(b))
    : distinct.sort((a, b) => (a < b ? -1 : 1))
}
