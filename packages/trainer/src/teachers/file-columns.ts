import { KdError } from '@kd/core'

/** What a file of answers holds. */
export type AnswerKind = 'logits' | 'probabilities' | 'labels'

export interface FileColumns {
  /** Default: `text` or `sentence`. */
  readonly text?: string
  /** Default: `pair`, where there is one. */
  readonly pair?: string
  /** Default: `logits`: a list (JSONL, Parquet, or written as JSON). Else a column `logit_NAME` for each class. */
  readonly logits?: string
  /** Default: `probabilities`: a list, or an object by name. Else a column `probability_NAME` for each class. */
  readonly probabilities?: string
  /** Default: `label`. */
  readonly label?: string
  /** How sure each label is. Default: `confidence`, where there is one. */
  readonly confidence?: string
}

/** Where the fields stand in a header; `classes` are the classes' own columns, in the order of `names`. */
export interface AnswerPlaces {
  readonly kind: AnswerKind
  readonly text: number
  readonly pair: number | undefined
  /** The column of a list, an object or a label. */
  readonly whole?: number
  readonly classes?: readonly number[]
  readonly names?: readonly string[]
  readonly confidence?: number
}

const prefixes = { logits: 'logit_', probabilities: 'probability_' } as const

/**
 * Finds texts and answers in a header: logits before probabilities before labels.
 * @throws KdError of kind `data` that shows the header
 */
export function locateAnswers(header: readonly string[], columns: FileColumns, file: string): AnswerPlaces {
  const find = (asked: string | undefined, usual: readonly string[]): number | undefined => {
    const position = (asked === undefined ? usual : [asked]).map((name) => header.indexOf(name)).find((at) => at >= 0)
    if (asked !== undefined && position === undefined) throw noColumn(JSON.stringify(asked), header, file)
    return position
  }
  const text = find(columns.text, ['text', 'sentence'])
  if (text === undefined) throw noColumn('"text" or "sentence"', header, file, 'columns: { text: ... }')
  const places = { text, pair: find(columns.pair, ['pair']) }
  const asked = (['logits', 'probabilities'] as const).find((kind) => columns[kind] !== undefined)
  for (const kind of asked ? [asked] : columns.label === undefined ? (['logits', 'probabilities'] as const) : []) {
    const whole = find(columns[kind], [kind])
    if (whole !== undefined) return { ...places, kind, whole }
    const names = header.filter((name) => name.startsWith(prefixes[kind])).map((name) => name.slice(prefixes[kind].length))
    if (names.length > 1) return { ...places, kind, names, classes: names.map((name) => header.indexOf(prefixes[kind] + name)) }
  }
  const label = find(columns.label, ['label'])
  if (label !== undefined) return { ...places, kind: 'labels', whole: label, confidence: find(columns.confidence, ['confidence']) }
  throw noColumn(
    'of answers: "logits", "logit_NAME", "probabilities", "probability_NAME" or "label"',
    header,
    file,
    'columns: { label: ... }',
  )
}

function noColumn(wanted: string, header: readonly string[], file: string, option = 'columns'): KdError {
  return new KdError({
    kind: 'data',
    what: `there is no column ${wanted}; the header is ${header.map((name) => JSON.stringify(name)).join(', ')}`,
    where: { file, line: 1 },
    fix: `Say where to find it: ${option}.`,
  })
}
