import { type Example, KdError } from '@kd/core'
import { centredLogs, classOf, fromLabel, normalised, type Softening } from './soft-targets.ts'

/** What was answered for some examples, in their order. */
export type Answers =
  /** Logits, row-major `[examples, labels]`. */
  | Float32Array
  | { readonly logits: readonly (readonly number[])[] }
  /** Of each class, in the order of the labels or by name: from 0 to 1, adding up to 1. */
  | { readonly probabilities: readonly (readonly number[] | Readonly<Record<string, number>>)[] }
  /** Names of classes, or their indices; with how sure each answer is, where that is known. */
  | { readonly labels: readonly (string | number)[]; readonly confidence?: readonly number[] }

/**
 * Answers as logits, row-major `[examples.length, labels.length]`: probabilities as centred logarithms with a floor,
 * labels as probabilities of a stated confidence.
 * @throws KdError of kind `teacher` that names the text whose answer is unusable
 */
export function answeredLogits(
  answers: Answers,
  examples: readonly Example[],
  labels: readonly string[],
  who: string,
  softening: Softening,
): Float32Array {
  if (answers instanceof Float32Array) {
    if (answers.length === examples.length * labels.length) return answers
    throw new KdError({
      kind: 'teacher',
      what: `${who} gave ${answers.length} logits for ${examples.length} texts of ${labels.length} labels`,
      fix: 'A Float32Array holds the logits row-major [texts, labels].',
    })
  }
  const rows = rowsOf(answers)
  if (!rows) {
    throw new KdError({
      kind: 'teacher',
      what: `${who} gave ${excerpt(answers)}, which holds no logits, probabilities or labels`,
      fix: 'Give { logits: [[...]] }, { probabilities: [[...]] } or { labels: [...] }, one row for each example.',
    })
  }
  if (rows.length !== examples.length) {
    throw new KdError({
      kind: 'teacher',
      what: `${who} gave ${rows.length} answers for ${examples.length} texts`,
      fix: 'It must give one for each text, in their order.',
    })
  }
  const logits = new Float32Array(examples.length * labels.length)
  rows.forEach((row, index) => {
    const answer = row(labels, softening)
    if (typeof answer === 'string') {
      throw new KdError({
        kind: 'teacher',
        what: `${who} gave an unusable answer for ${excerpt(examples[index]!.text)}: ${answer}`,
        fix: `Its labels must be ${labels.join(', ')}; leave the text out, or mend the answer.`,
      })
    }
    logits.set(answer, index * labels.length)
  })
  return logits
}

/** Works out one row's logits, or says what is wrong with it. */
type AnsweredRow = (labels: readonly string[], softening: Softening) => number[] | string

function rowsOf(answers: Exclude<Answers, Float32Array> | null | undefined): AnsweredRow[] | undefined {
  if (answers === null || typeof answers !== 'object') return undefined
  if ('logits' in answers && Array.isArray(answers.logits)) {
    return answers.logits.map(
      (row) =>
        ({ length }) =>
          isNumbers(row, length) ? [...row] : `${excerpt(row)} are not ${length} finite logits`,
    )
  }
  if ('probabilities' in answers && Array.isArray(answers.probabilities)) {
    return answers.probabilities.map((row) => (labels, { floor }) => {
      const probabilities = inOrder(row, labels)
      if (typeof probabilities === 'string') return probabilities
      const whole = normalised(probabilities, labels.length)
      return typeof whole === 'string' ? whole : centredLogs(whole, floor)
    })
  }
  if ('labels' in answers && Array.isArray(answers.labels)) {
    const { confidence } = answers
    return answers.labels.map((label, index) => (labels, softening) => {
      const found = classOf(label, labels)
      if (found < 0) return `${excerpt(label)} is none of ${labels.join(', ')}`
      const probabilities = fromLabel(found, labels.length, confidence ? (confidence[index] as number) : softening.confidence)
      return typeof probabilities === 'string' ? probabilities : centredLogs(probabilities, softening.floor)
    })
  }
  return undefined
}

/** Probabilities by name in the order of the labels; a name that is missing counts 0, a strange one is refused. */
export function inOrder(
  row: readonly unknown[] | Readonly<Record<string, unknown>>,
  labels: readonly string[],
): readonly unknown[] | string {
  if (Array.isArray(row)) return row
  if (row === null || typeof row !== 'object') return `${excerpt(row)} are no probabilities`
  const stranger = Object.keys(row).find((name) => !labels.includes(name))
  if (stranger !== undefined) return `${JSON.stringify(stranger)} is none of ${labels.join(', ')}`
  return labels.map((label) => (row as Record<string, unknown>)[label] ?? 0)
}

const isNumbers = (row: unknown, length: number): row is number[] =>
  Array.isArray(row) && row.length === length && row.every((number) => typeof number === 'number' && Number.isFinite(number))

export function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
