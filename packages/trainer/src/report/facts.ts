/** A metric's values, one for each seed: 1 is perfect. */
export interface MetricValues {
  readonly validation: readonly number[]
  readonly test: readonly number[]
}

/** How a class is found on test, from 0 to 1: means over the seeds. */
export interface ClassValues {
  /** Test examples of this class. */
  readonly examples: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** What is known of one model of the comparison. */
export interface ReportRow {
  /** `teacher`, `alone-random` (random vectors, gold labels), `alone` (the student's own vectors, gold labels), `distilled`, and as it is served `distilled int8`. */
  readonly name: string
  /** By the metric's name; the first is what the share of the gap is made of. */
  readonly metrics: Readonly<Record<string, MetricValues>>
  /** By label, of tasks with three classes or more. */
  readonly perClass?: Readonly<Record<string, ClassValues>>
  readonly parameters?: { readonly total: number; readonly withoutEmbeddings: number }
  /** Size on disk. */
  readonly bytes?: number
  /** Milliseconds for one sentence, after a warm-up. */
  readonly latencyMs?: { readonly p50: number; readonly p95: number }
  /** Of a packed student: to which share of so many training examples it gives the label that it gives in single precision. */
  readonly sameLabel?: { readonly share: number; readonly examples: number }
}

export interface ReportFacts {
  /** Which data it was, in words: the table's title. Default: the task's name. */
  readonly title?: string
  readonly task: string
  readonly seeds: readonly number[]
  /** Numbers of examples by part: train, validation, test, transfer, ... */
  readonly data: Readonly<Record<string, number>>
  readonly settings: Readonly<Record<string, unknown>>
  /** By stage, and `total`. */
  readonly seconds: Readonly<Record<string, number>>
  readonly rows: readonly ReportRow[]
}
