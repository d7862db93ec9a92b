/** A text, or a pair of texts, as it stands in the data: every station tokenises for itself. */
export interface Example {
  readonly text: string
  readonly pair?: string
  /** Index into the task's `labels`, or the score itself where the task has one label only; absent where nobody labelled it. */
  readonly label?: number
}

export type MetricName = 'accuracy' | 'f1' | 'mcc' | 'pearson' | 'spearman'

/** What is to be told apart. `labels[i]` is the name of class `i`; a class's position is its index in logits. */
export interface Task {
  readonly name: string
  readonly labels: readonly string[]
  /** True where each example holds two texts. */
  readonly pairs: boolean
  /** Metrics the report shows, the first is what epochs are chosen by. */
  readonly metrics: readonly MetricName[]
}

/** Examples with the task that their labels belong to. Iterates over its examples. */
export interface Dataset extends Iterable<Example> {
  readonly task: Task
  readonly examples: readonly Example[]
  readonly length: number
}

/** Joins examples and their task into a Dataset. */
export function dataset(task: Task, examples: readonly Example[]): Dataset {
  return { task, examples, length: examples.length, [Symbol.iterator]: () => examples[Symbol.iterator]() }
}

/** A text as one string: what duplicates and stores compare. The separator can't occur in text files. */
export function textKey({ text, pair }: Example): string {
  return pair === undefined ? text : `${text}\u0000${pair}`
}
