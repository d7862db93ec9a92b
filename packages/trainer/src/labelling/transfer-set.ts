import { type Example, KdError } from '@kd/core'
import { grown, type TextArena } from './text-arena.ts'

/** Examples with a teacher's logits: what a student learns from. Texts beyond 32 MB lie in a temporary file, logits in one array. */
export interface LabelledTransferSet extends Iterable<{ example: Example; logits: Float32Array }> {
  /** Names of the classes in the order of the logits: the task's. */
  readonly labels: readonly string[]
  /** Number of examples, in the order they came in; a text that came twice counts twice. */
  readonly length: number
  /** The teacher's fingerprint, or its name where it has none. */
  readonly teacher: string
  /** Row-major `[length, labels.length]`. */
  readonly logits: Float32Array
  readonly counts: TransferSetCounts
  /** Seconds it took to read the examples (and to make them, where they are made on the way) and to label them. */
  readonly seconds: { readonly read: number; readonly label: number }
  /** The example at a place, with the label it came with, if any. */
  example(index: number): Example
  /** Lets go of the texts and their file. `example` and iteration are errors from then on; `logits` stays. */
  close(): Promise<void>
}

export interface TransferSetCounts {
  readonly examples: number
  /** Distinct texts: each was labelled once. */
  readonly texts: number
  /** Texts whose logits were in the store already. */
  readonly stored: number
  /** Examples that were dropped because their text is in an excluded part. */
  readonly excluded: number
}

/** Examples as they come in: distinct texts once, and for each example its text's number and its label. */
export class IncomingExamples {
  length = 0
  readonly texts: TextArena
  #textOf = new Uint32Array(1024)
  /** NaN where there is none; a score fits, too. */
  #labelOf = new Float32Array(1024)

  constructor(texts: TextArena) {
    this.texts = texts
  }

  add(example: Example): void {
    if (this.length === this.#textOf.length) {
      this.#textOf = grown(this.#textOf)
      this.#labelOf = grown(this.#labelOf)
    }
    this.#textOf[this.length] = this.texts.add(example)
    this.#labelOf[this.length] = example.label ?? Number.NaN
    this.length++
  }

  textOf(index: number): number {
    return this.#textOf[index]!
  }

  /** The place of the first example with a text. */
  firstWith(text: number): number {
    return this.#textOf.indexOf(text)
  }

  example(index: number): Example {
    const label = this.#labelOf[index]!
    const example = this.texts.example(this.#textOf[index]!)
    return Number.isNaN(label) ? example : { ...example, label }
  }

  *labelled(): Generator<Example> {
    for (let index = 0; index < this.length; index++) if (!Number.isNaN(this.#labelOf[index]!)) yield this.example(index)
  }
}

export interface TransferSetParts {
  labels: readonly string[]
  teacher: string
  examples: IncomingExamples
  /** Of each distinct text, row-major. */
  textLogits: Float32Array
  stored: number
  excluded: number
  seconds: { read: number; label: number }
}

/** Joins what was read and what the teacher said. */
export function transferSet({ labels, teacher, examples, textLogits, stored, excluded, seconds }: TransferSetParts): LabelledTransferSet {
  const { length } = examples
  const logits = spread(examples, textLogits, labels.length)
  let open: IncomingExamples | undefined = examples
  const example = (index: number): Example => {
    if (!open) throw new KdError({ kind: 'option', what: 'the transfer set is closed', fix: 'Close it after its last use.' })
    if (!(index >= 0 && index < length)) {
      throw new KdError({
        kind: 'option',
        what: `${index} is no place in a transfer set of ${length} examples`,
        where: { option: 'index' },
      })
    }
    return open.example(index)
  }
  return {
    labels,
    length,
    teacher,
    logits,
    counts: { examples: length, texts: examples.texts.length, stored, excluded },
    seconds,
    example,
    *[Symbol.iterator]() {
      const classes = labels.length
      for (let index = 0; index < length; index++) {
        yield { example: example(index), logits: logits.subarray(index * classes, (index + 1) * classes) }
      }
    },
    async close() {
      open?.texts.close()
      open = undefined
    },
  }
}

/** Logits of each example from those of each text. */
function spread(examples: IncomingExamples, textLogits: Float32Array, classes: number): Float32Array {
  if (examples.length === examples.texts.length) return textLogits
  const logits = new Float32Array(examples.length * classes)
  for (let index = 0; index < examples.length; index++) {
    const text = examples.textOf(index)
    logits.set(textLogits.subarray(text * classes, (text + 1) * classes), index * classes)
  }
  return logits
}
