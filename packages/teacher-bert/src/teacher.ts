import { type Example, KdError, type LogitsOptions, type Teacher, throwIfAborted, type WordVectors } from '@kd/core'
import { batchesOfOneLength } from './batches.ts'
import { type BertModel, findModel, readModel } from './files.ts'
import { forwardOn } from './forward.ts'
import type { Forward } from './forward-pass.ts'
import type { Arithmetic } from './onnx-products.ts'
import { assertSelfCheck } from './self-check.ts'
import { bertWordVectors, type WordVectorOptions } from './word-vectors.ts'

export interface BertTeacherOptions {
  /** Names of the classes in the order of the logits. Default: `id2label` of config.json, else `LABEL_0`, `LABEL_1`, ... */
  labels?: readonly string[]
  /** Folder, or `import.meta.url` of a file, whose project the package is looked up in. Default: `process.cwd()`. */
  from?: string
  /** What products are computed in. Default: `int8` for int8 weights on the native engine, else `float32`. */
  arithmetic?: Arithmetic
  /** Longest text in tokens, special ones included; longer ones are cut. Default: the tokeniser's, else the model's. */
  maxLength?: number
  /** Texts computed together at most. Default: 64. */
  batchSize?: number
  /** Threads for one operation. Default: the engine's. */
  threads?: number
}

/** How many batches are handed to the engine at once: one computes while the next is on its way. */
const inFlight = 2

/** A BERT classifier as a teacher: Hugging Face folder or npm package in, logits out. */
export class BertTeacher implements Teacher {
  readonly name: string
  readonly labels: readonly string[]
  /** Digest of weights, configuration, tokeniser and arithmetic. */
  readonly fingerprint: string
  readonly arithmetic: string
  /** Counts of weights. */
  readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  /** Size of the weights file. */
  readonly bytes: number
  readonly maxLength: number
  readonly #model: BertModel
  readonly #forward: Forward
  readonly #batchSize: number

  /** Prefer `BertTeacher.load`. */
  constructor(name: string, model: BertModel, forward: Forward, { labels, maxLength, batchSize = 64 }: BertTeacherOptions = {}) {
    this.name = name
    this.#model = model
    this.#forward = forward
    this.labels = labelsOf(model, labels)
    this.maxLength = maxLength ?? Math.min(model.tokenizer.truncation ?? model.config.positions, model.config.positions)
    this.#batchSize = wholeNumber('batchSize', batchSize, 1, 4096)
    wholeNumber('maxLength', this.maxLength, model.tokenizer.specials(true) + 1, model.config.positions)
    this.arithmetic = forward.arithmetic
    this.fingerprint = `bert ${model.digest} ${this.maxLength} ${forward.arithmetic}`
    this.parameters = countParameters(model)
    this.bytes = model.bytes
  }

  /**
   * Loads a Hugging Face folder, or an installed npm package that is one, such as `@kd/teacher-sst2`.
   * @throws KdError of kind `missing` (for a package with the command that installs it), `format`, `mismatch`, `numeric`,
   * `option`, or `teacher` if the model's stored answers come out differently here
   */
  static async load(nameOrFolder: string, options: BertTeacherOptions = {}): Promise<BertTeacher> {
    const model = await readModel(await findModel(nameOrFolder, options.from))
    labelsOf(model, options.labels)
    const stored = 'int8' in model.weights.layers[0]!.query.weight ? 'int8' : 'float32'
    const forward = await forwardOn(model.weights, model.config, options.arithmetic ?? stored, options.threads)
    try {
      const teacher = new BertTeacher(nameOrFolder, model, forward, options)
      if (model.selfCheck) {
        const examples = model.selfCheck.rows.map(({ example }) => example)
        assertSelfCheck(model.selfCheck, await teacher.logits(examples), nameOrFolder)
      }
      return teacher
    } catch (error) {
      await forward.dispose()
      throw error
    }
  }

  /**
   * Logits `[examples.length, labels.length]`, row-major. Texts of one token length are computed together, without padding;
   * a text's logits do not depend on what is computed beside it.
   * @throws KdError of kind `teacher` if a logit is not finite, `aborted`, `engine`
   */
  async logits(examples: readonly Example[], { signal }: LogitsOptions = {}): Promise<Float32Array> {
    throwIfAborted(signal)
    const encodings = examples.map((example) => this.#model.tokenizer.encode(example, this.maxLength))
    const classes = this.labels.length
    const logits = new Float32Array(examples.length * classes)
    const running: Promise<void>[] = []
    try {
      for (const { places, ids, types, length } of batchesOfOneLength(encodings, this.#batchSize)) {
        throwIfAborted(signal)
        running.push(
          this.#forward.run(ids, types, [places.length, length]).then((rows) => {
            places.forEach((place, row) => {
              logits.set(rows.subarray(row * classes, (row + 1) * classes), place * classes)
            })
          }),
        )
        if (running.length >= inFlight) await running.shift()
      }
      await Promise.all(running)
    } finally {
      await Promise.allSettled(running)
    }
    const bad = logits.findIndex((value) => !Number.isFinite(value))
    if (bad < 0) return logits
    const text = examples[Math.floor(bad / classes)]!.text.slice(0, 60)
    throw new KdError({
      kind: 'teacher',
      what: `${this.name} answers ${logits[bad]} to ${JSON.stringify(text)}`,
      fix: 'The weights overflow: load it with { arithmetic: "float32" }, or use another checkpoint.',
    })
  }

  /** Tokens of each example, special ones included, after truncation. */
  lengths(examples: readonly Example[]): Int32Array {
    return Int32Array.from(examples, (example) => this.#model.tokenizer.encode(example, this.maxLength).ids.length)
  }

  /** Vectors of whole words, made of the word pieces' embeddings: a student's first layer. */
  wordVectors(options: WordVectorOptions): WordVectors {
    return bertWordVectors(this.name, this.#model, options)
  }

  /** Frees the engine's copy of the weights. */
  dispose(): Promise<void> {
    return this.#forward.dispose()
  }
}

function labelsOf({ config, weights, folder }: BertModel, wanted: readonly string[] | undefined): readonly string[] {
  const classes = weights.classifier.weight.rows
  if (wanted === undefined) return config.labels ?? Array.from({ length: classes }, (_, index) => `LABEL_${index}`)
  if (wanted.length === classes && new Set(wanted).size === classes) return [...wanted]
  throw new KdError({
    kind: 'option',
    what: `${JSON.stringify(wanted)} are not ${classes} different names, one for each logit of ${folder}`,
    where: { option: 'labels' },
  })
}

function wholeNumber(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${least} to ${most}`, where: { option } })
}

function countParameters({ weights, config }: BertModel): { total: number; withoutEmbeddings: number } {
  const { hidden, intermediate, vocabularySize, positions, types, layers } = config
  const linear = (outputs: number, inputs: number) => outputs * inputs + outputs
  const layer = 4 * linear(hidden, hidden) + linear(intermediate, hidden) + linear(hidden, intermediate) + 4 * hidden
  const head = linear(hidden, hidden) + linear(weights.classifier.weight.rows, hidden)
  const withoutEmbeddings = 2 * hidden + layers * layer + head
  return { total: (vocabularySize + positions + types) * hidden + withoutEmbeddings, withoutEmbeddings }
}
