import { type Example, KdError, type LogitsOptions, type Teacher, type WordVectors } from '@kd/core'
import { type FileSystem, writeFolderAtomic } from '@kd/core/node'
import { type Answering, answersTo, wholeNumber } from './answers.ts'
import { cardFile, teacherCard } from './card.ts'
import { type FoundModel, findModel } from './checkpoint/find-model.ts'
import { chosenLabels, type ProblemType, problemTypeOf } from './checkpoint/labels.ts'
import { type BertModel, readModel } from './checkpoint/model.ts'
import { modelContents } from './checkpoint/model-contents.ts'
import { modelFiles } from './checkpoint/model-files.ts'
import type { LayerWeights } from './checkpoint/weights.ts'
import { forwardOn } from './forward/forward.ts'
import type { Forward } from './forward/forward-pass.ts'
import type { Arithmetic } from './forward/onnx-products.ts'
import { assertSelfCheck } from './self-check.ts'
import { type TeacherOptions, usualBatchSize } from './teacher-options.ts'
import { bertWordVectors, type WordVectorOptions } from './word-vectors/word-vectors.ts'

export interface BertTeacherOptions extends Omit<TeacherOptions, 'file'> {
  /** What products are computed in. Default: `int8` for int8 weights on the native engine, else `float32`. */
  arithmetic?: Arithmetic
}

export interface SaveTeacherOptions {
  /** Further sections of the card: Markdown by heading. */
  sections?: Readonly<Record<string, string>>
  fileSystem?: FileSystem
}

/** What lies between two products of more tokens leaves the processor's cache: up to 1.25 times slower. */
const mostTokens = 1024

/** What a teacher was made of: for this package alone. */
export let modelOf: (teacher: BertTeacher) => BertModel

/** A classifier of the BERT family as a teacher: Hugging Face folder, npm package or hub repository in, logits out. */
export class BertTeacher implements Teacher {
  readonly name: string
  readonly labels: readonly string[]
  /** True where its stored answers are of pairs; absent where none tell. */
  readonly pairs?: true
  /** What the head was trained for. */
  readonly problemType: ProblemType
  /** Digest of weights, configuration, tokeniser and arithmetic. */
  readonly fingerprint: string
  readonly arithmetic: string
  /** Counts of weights. */
  readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  /** Size of the weights files. */
  readonly bytes: number
  readonly maxLength: number
  /** In int8. */
  readonly independent: boolean
  readonly atOnce = 2
  /** Numbers in the embedding of a word piece: the most dimensions that `wordVectors` gives. */
  readonly embeddingSize: number
  readonly #model: BertModel
  readonly #answering: Answering

  static {
    modelOf = (teacher) => teacher.#model
  }

  /** Prefer `BertTeacher.load`. */
  constructor(name: string, model: BertModel, forward: Forward, options: BertTeacherOptions = {}) {
    const { config, tokenizer, weights } = model
    const { maxLength = Math.min(tokenizer.truncation ?? config.positions, config.positions), batchSize = usualBatchSize } = options
    const classes = weights.classifier.weight.rows
    this.name = name
    this.#model = model
    this.labels = chosenLabels(classes, config.labels, options.labels, model.folder)
    if (model.selfCheck?.rows.length && model.selfCheck.rows.every(({ example }) => example.pair !== undefined)) this.pairs = true
    this.problemType = problemTypeOf(config.problemType, classes)
    this.maxLength = wholeNumber('maxLength', maxLength, tokenizer.specials(true) + 1, config.positions)
    this.#answering = {
      name,
      tokenizer,
      forward,
      classes,
      maxLength,
      limits: { texts: wholeNumber('batchSize', batchSize, 1, 4096), tokens: mostTokens },
    }
    this.arithmetic = forward.arithmetic
    this.independent = forward.independent ?? false
    this.fingerprint = [config.family, model.digest, maxLength, forward.arithmetic, ...(forward.revision ? [forward.revision] : [])].join(
      ' ',
    )
    this.parameters = countParameters(model)
    this.bytes = model.bytes
    this.embeddingSize = config.embedding
  }

  /**
   * Loads a Hugging Face folder, an installed npm package that is one, such as `@kd/teacher-sst2`, or a repository of the
   * Hugging Face hub, such as `owner/name` or `owner/name@revision`, in this order.
   * @throws KdError of kind `missing` (for a package with the command that installs it), `format`, `mismatch`, `numeric`,
   * `option`, `io`, or `teacher` if the model's stored answers come out differently here
   */
  static async load(source: string, options: BertTeacherOptions = {}): Promise<BertTeacher> {
    return BertTeacher.of(await findModel(source, options), options)
  }

  /** Of a model that is found. Prefer `BertTeacher.load`. */
  static async of({ folder, name, weights }: FoundModel, options: BertTeacherOptions = {}): Promise<BertTeacher> {
    if (weights.format === 'onnx') {
      throw new KdError({
        kind: 'mismatch',
        what: `it holds the graph ${weights.graph} in place of weights`,
        where: { file: folder },
        fix: 'Load it with OnnxTeacher.load, or with loadTeacher, which takes either.',
      })
    }
    const model = await readModel(folder)
    chosenLabels(model.weights.classifier.weight.rows, model.config.labels, options.labels, folder)
    const stored = 'int8' in model.weights.layers[0]!.query.weight ? 'int8' : 'float32'
    const forward = await forwardOn(model.weights, model.config, options.arithmetic ?? stored, options.threads)
    try {
      const teacher = new BertTeacher(name, model, forward, options)
      if (model.selfCheck) {
        const examples = model.selfCheck.rows.map(({ example }) => example)
        assertSelfCheck(model.selfCheck, await teacher.logits(examples), name)
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
  logits(examples: readonly Example[], { signal }: LogitsOptions = {}): Promise<Float32Array> {
    return answersTo(examples, this.#answering, signal)
  }

  /** Tokens of each example, special ones included, after truncation. */
  lengths(examples: readonly Example[]): Int32Array {
    return Int32Array.from(examples, (example) => this.#model.tokenizer.encode(example, this.maxLength).ids.length)
  }

  /** Vectors of whole words, made of the word pieces' embeddings: a student's first layer. */
  wordVectors(options: WordVectorOptions): WordVectors {
    return bertWordVectors(this.name, this.#model, options)
  }

  /**
   * Writes it as a Hugging Face folder that `BertTeacher.load` and, unless it is in int8, transformers read: `config.json`,
   * `model.safetensors`, `tokenizer.json`, `tokenizer_config.json` and a card, `README.md`; its stored answers, if it has some.
   * @throws KdError of kind `io`, or `option` where the folder holds files of another kind; what was there stays as it was
   */
  async save(folder: string, { sections = {}, fileSystem }: SaveTeacherOptions = {}): Promise<void> {
    const { config, weights } = this.#model
    const int8 = 'int8' in weights.wordEmbeddings
    const card = teacherCard({ teacher: this, config, int8, sections: { ...this.#model.sections, ...sections } })
    const files = { ...modelContents({ ...this.#model, labels: this.labels }), [cardFile]: card }
    await writeFolderAtomic(folder, files, { fileSystem, mayReplace: Object.values(modelFiles) })
  }

  /** Frees the engine's copy of the weights. */
  dispose(): Promise<void> {
    return this.#answering.forward.dispose()
  }
}

function countParameters({ weights, config }: BertModel): { total: number; withoutEmbeddings: number } {
  const { hidden, intermediate, embedding } = config
  const linear = (outputs: number, inputs: number) => outputs * inputs + outputs
  const layer = 4 * linear(hidden, hidden) + linear(intermediate, hidden) + linear(hidden, intermediate) + 4 * hidden
  const { embeddingProjection, relativeBias, wordEmbeddings, positionEmbeddings, typeEmbeddings } = weights
  const withoutEmbeddings =
    2 * embedding +
    (embeddingProjection ? linear(hidden, embedding) : 0) +
    (relativeBias ? relativeBias.rows * relativeBias.columns : 0) +
    new Set<LayerWeights>(weights.layers).size * layer +
    linear(hidden, hidden) +
    linear(weights.classifier.weight.rows, hidden)
  const rows = wordEmbeddings.rows + positionEmbeddings.rows + (typeEmbeddings?.rows ?? 0)
  return { total: rows * embedding + withoutEmbeddings, withoutEmbeddings }
}
