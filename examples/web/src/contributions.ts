import { type RuntimeStudent, tokenize, unknownId } from '@kd/runtime'

export interface Contribution {
  /** As the student reads it. */
  readonly word: string
  /** What the log-odds of the answer lose when the word is left out: above 0 it speaks for the answer, below 0 against it. */
  readonly effect: number
  /** Whether the student knows the word, or pieces that make it up. */
  readonly known: boolean
}

type Answering = Pick<RuntimeStudent, 'ids' | 'logits' | 'labels'>

/** Each word's part in the student's answer, by leaving it out. Words beyond the student's maximum are not read and not listed. */
export function contributions(student: Answering, text: string): Contribution[] {
  const ids = student.ids(text)
  const logits = student.logits(ids)
  const answer = logits.indexOf(Math.max(...logits))
  const whole = logOdds(logits, answer)
  const found: Contribution[] = []
  let start = 0
  for (const word of tokenize(text)) {
    if (start >= ids.length) break
    const own = student.ids(word)
    const rest = [...ids.subarray(0, start), ...ids.subarray(start + own.length)]
    // A text without words is one unknown word to the student.
    const without = student.logits(Int32Array.from(rest.length === 0 ? [unknownId] : rest))
    found.push({ word, effect: whole - logOdds(without, answer), known: !own.includes(unknownId) })
    start += own.length
  }
  return found
}

/** ln(p / (1 - p)) of one class. */
function logOdds(logits: Float32Array, answer: number): number {
  const others = logits.filter((_, index) => index !== answer)
  const largest = Math.max(...others)
  const sum = others.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
  return logits[answer]! - largest - Math.log(sum)
}
