export interface Prediction {
  readonly label: string
  /** Of `label`, from 0 to 1. */
  readonly probability: number
  /** Of each label, in the order of the labels. */
  readonly probabilities: readonly number[]
  readonly logits: readonly number[]
}

/** The most probable label of one example's logits, by softmax. A score's one label has the probability 1. */
export function predictionOf(logits: Float32Array, labels: readonly string[]): Prediction {
  const largest = Math.max(...logits)
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  const probabilities = exponentials.map((value) => value / total)
  const best = logits.indexOf(largest)
  return { label: labels[best]!, probability: probabilities[best]!, probabilities, logits: [...logits] }
}
