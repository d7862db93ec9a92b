import type { Example } from '@kd/core'
import type { Answers } from './answers.ts'

/** The usual body: `{ inputs: ['...'] }`, pairs as `{ text, text_pair }` (as Hugging Face's text-classification services take it). */
export function usualRequest(examples: readonly Example[]): unknown {
  return { inputs: examples.map(({ text, pair }) => (pair === undefined ? text : { text, text_pair: pair })) }
}

interface Score {
  label: string
  score: number
}

/**
 * The usual answers: `{ logits }`, `{ probabilities }`, `{ labels, confidence? }`, or for each text a list of
 * `{ label, score }` for all classes, or the best one alone (as Hugging Face's services give them).
 */
export function usualAnswers(json: unknown): Answers {
  if (!Array.isArray(json)) return json as Answers
  if (json.every(isScore)) return { labels: json.map(({ label }) => label), confidence: json.map(({ score }) => score) }
  if (json.every((row): row is Score[] => Array.isArray(row) && row.every(isScore))) {
    return { probabilities: json.map((row) => Object.fromEntries(row.map(({ label, score }) => [label, score]))) }
  }
  return json as unknown as Answers
}

const isScore = (value: unknown): value is Score =>
  typeof (value as Score | null)?.label === 'string' && typeof (value as Score).score === 'number'
