import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { type Example, KdError, type Teacher } from '@kd/core'
import { orderLabels } from '@kd/data'
import { textHash } from '../store/text-hash.ts'
import { AnswerIndex } from './answer-index.ts'
import { excerpt, inOrder } from './answers.ts'
import type { AnswerPlaces } from './file-columns.ts'
import { type FileRow, type FileRowsOptions, fileRows } from './file-rows.ts'
import { alike, checkLabels } from './function-teacher.ts'
import { centredLogs, checkSoftening, classOf, fromLabel, normalised, type SoftenOptions } from './soft-targets.ts'

export interface FileTeacherOptions extends FileRowsOptions, SoftenOptions {
  /**
   * Names of the classes in the order of the answers. Default: those of the columns (`logit_NAME`, `probability_NAME`), of
   * the first row's object, or what the label column holds, sorted. Lists without names need it.
   */
  labels?: readonly string[]
  /** Label in the file -> name of the class; what it does not hold stays as it is. */
  labelMap?: Readonly<Record<string, string>>
  /** Default: the file's name. */
  name?: string
}

/** A teacher that has all its answers ready. */
export interface FileTeacher extends Teacher {
  readonly fingerprint: string
  /** Texts that have an answer. */
  readonly length: number
  /** Rows without an answer that were left out. */
  readonly unanswered: number
  /** Whether an example's text has an answer: asked for any other, the teacher fails. */
  has(example: Example): boolean
}

/** More classes than this are taken for a wrong column. */
const mostLabels = 1000

/**
 * A teacher from a CSV, TSV, JSONL or Parquet file of texts with logits, probabilities or labels, such as an LLM gave
 * them. Probabilities become centred logarithms with a floor; a label becomes probabilities by its own confidence
 * (column `confidence`) or the stated one. Several answers for one text are averaged (as probabilities, where they are
 * no logits). A text is found by its exact characters.
 * @throws KdError of kind `option`, `missing`, `io`, `aborted`, or `data` with file, line and column; its `logits` fail
 *   with kind `missing` for a text without an answer
 */
export async function fileTeacher(file: string, options: FileTeacherOptions = {}): Promise<FileTeacher> {
  const { labelMap = {}, floor, confidence, name = basename(file) } = options
  if (options.labels) checkLabels(options.labels)
  const { kind, labels, answers, unanswered } = await read(file, options, labelMap, confidence)
  const softening = checkSoftening({ floor, confidence }, labels.length)
  const digest = createHash('sha256').update(JSON.stringify([kind, labels, kind === 'logits' ? null : softening.floor]))
  for (const bytes of answers.bytes()) digest.update(bytes)
  return {
    name,
    labels,
    fingerprint: `file:${digest.digest('hex')}`,
    length: answers.length,
    unanswered,
    has: (example) => answers.get(textHash(example)) !== undefined,
    async logits(examples) {
      const logits = new Float32Array(examples.length * labels.length)
      examples.forEach((example, index) => {
        const row = answers.get(textHash(example))
        if (!row) throw noAnswer(file, example)
        logits.set(kind === 'logits' ? row : centredLogs(row, softening.floor), index * labels.length)
      })
      return logits
    },
    lengths: alike,
  }
}

interface FileAnswers {
  kind: AnswerPlaces['kind']
  labels: readonly string[]
  answers: AnswerIndex
  unanswered: number
}

async function read(
  file: string,
  options: FileTeacherOptions,
  labelMap: Readonly<Record<string, string>>,
  confidence: number | undefined,
): Promise<FileAnswers> {
  const mapped = (label: string) => (Object.hasOwn(labelMap, label) ? labelMap[label]! : label)
  let places: AnswerPlaces | undefined
  let labels = options.labels
  let unanswered = 0
  const rows = () =>
    fileRows(
      file,
      options,
      (found) => {
        places = found
      },
      () => unanswered++,
    )
  if (!labels) {
    labels = await namesIn(file, rows(), () => places!, mapped)
    unanswered = 0
  }
  const softening = checkSoftening({ ...options, confidence }, labels.length)
  const answers = new AnswerIndex(labels.length)
  for await (const row of rows()) {
    const values = valuesOf(row, places!, labels, mapped, softening.confidence)
    if (typeof values === 'string') {
      throw new KdError({
        kind: 'data',
        what: values,
        where: row.where,
        fix: 'Correct the row or remove it, or say what is meant by labels, labelMap or columns.',
      })
    }
    answers.add(row.key, values)
  }
  if (answers.length === 0) {
    throw new KdError({ kind: 'data', what: 'the file holds no answer', where: { file }, fix: 'Fetch or write it again.' })
  }
  return { kind: places!.kind, labels, answers, unanswered }
}

/** The classes as the file names them: by its columns, by the keys of its objects, or by its labels. */
async function namesIn(
  file: string,
  rows: AsyncGenerator<FileRow>,
  places: () => AnswerPlaces,
  mapped: (label: string) => string,
): Promise<readonly string[]> {
  const names = new Set<string>()
  for await (const { answer, where } of rows) {
    const { kind, names: columns } = places()
    if (columns) return columns.map(mapped)
    if (kind !== 'labels') {
      if (answer !== null && typeof answer === 'object' && !Array.isArray(answer)) return Object.keys(answer).map(mapped)
      throw new KdError({
        kind: 'option',
        what: `a list of ${kind} has no names`,
        where: { ...where, option: 'labels' },
        fix: "Name the classes in the order of the list: labels: ['negative', 'positive'].",
      })
    }
    names.add(mapped(labelText(answer)))
    if (names.size > mostLabels) {
      throw new KdError({
        kind: 'data',
        what: `the column holds more than ${mostLabels} different labels`,
        where,
        fix: 'Name the right one: columns: { label: "..." }, or list the classes in labels.',
      })
    }
  }
  const labels = orderLabels(names)
  if (labels.length > 1 && !names.has('')) return labels
  throw new KdError({
    kind: 'data',
    what: names.has('') ? 'a row has no label' : `the file's labels are ${labels.join(', ') || 'none'}, two or more are needed`,
    where: { file },
    fix: names.has('') ? "Label it or remove it; where answers may be absent: unanswered: ''." : "Name all classes: labels: ['no', 'yes'].",
  })
}

const labelText = (label: unknown): string =>
  typeof label === 'string' ? label.trim() : typeof label === 'number' || typeof label === 'boolean' ? String(label) : ''

/** A row's logits, or its probabilities; or what is wrong with it. */
function valuesOf(
  { answer, confidence: own }: FileRow,
  { kind, names }: AnswerPlaces,
  labels: readonly string[],
  mapped: (label: string) => string,
  confidence: number,
): readonly number[] | string {
  if (kind === 'labels') {
    const text = labelText(answer)
    const label = text === '' ? -1 : classOf(mapped(text), labels)
    if (label < 0) return `the label ${excerpt(answer)} is none of ${labels.join(', ')}`
    return fromLabel(label, labels.length, own ?? confidence)
  }
  const named = names
    ? Object.fromEntries(names.map((name, index) => [mapped(name), (answer as number[])[index]]))
    : answer !== null && typeof answer === 'object' && !Array.isArray(answer)
      ? Object.fromEntries(Object.entries(answer).map(([name, value]) => [mapped(name), value]))
      : answer
  if (kind === 'logits' && named !== null && typeof named === 'object' && !Array.isArray(named)) {
    const missing = labels.find((label) => !Object.hasOwn(named, label))
    if (missing !== undefined) return `there is no logit of ${missing}`
  }
  const row = inOrder(named as readonly unknown[], labels)
  if (typeof row === 'string') return row
  if (kind === 'probabilities') return normalised(row, labels.length)
  const isWhole = row.length === labels.length && row.every((logit) => typeof logit === 'number' && Number.isFinite(Math.fround(logit)))
  return isWhole ? (row as number[]) : `${excerpt(row)} are not ${labels.length} finite logits`
}

function noAnswer(file: string, example: Example): KdError {
  const { text, pair } = example
  return new KdError({
    kind: 'missing',
    what: `the file has no answer for ${excerpt(pair === undefined ? text : [text, pair])}`,
    where: { file },
    fix: 'Have it answered, or leave out what the file does not know: examples.filter((example) => teacher.has(example)), without augmentation.',
  })
}
