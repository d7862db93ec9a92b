import { type RuntimeStudent, tokenize, unknownId } from '@kd/runtime'

export interface Contribution {
  /** As the student reads it. */
  readonly word: string
  /** What the log-odds of the answer lose when the word is left out: above 0 it speaks for the answer, below 0 against it. */
  readonly effect: number
  /** Whether the student knows the word. */
  readonly known: boolean
}

type Answering = Pick<RuntimeStudent, 'ids' | 'logits' | 'labels'>

/** Each word's part in the student's answer, by leaving it out. Words beyond the student's maximum are not read and not listed. */
export function contributions(student: Answering, text: string): Contribution[] {
  const ids = student.ids(text)
  const words = tokenize(text)
  if (words.length === 0) return []
  const logits = student.logits(ids)
  const answer = logits.indexOf(Math.max(...logits))
  const whole = logOdds(logits, answer)
  // A text without words is one unknown word to the student.
  const rest = new Int32Array(Math.max(1, ids.length - 1))
  return Array.from(ids, (id, place) => {
    if (ids.length === 1) rest[0] = unknownId
    else {
      rest.set(ids.subarray(0, place))
      rest.set(ids.subarray(place + 1), place)
    }
    return { word: words[place]!, effect: whole - logOdds(student.logits(rest), answer), known: id !== unknownId }
  })
}

/** ln(p / (1 - p)) of one class. */
function logOdds(logits: Float32Array, answer: number): number {
  const others = logits.filter((_, index) => index !== answer)
  const largest = Math.max(...others)
  const sum = others.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
  return logits[answer]! - largest - Math.log(sum)
}
