import { join } from 'node:path'
import { type Example, KdError, type LogitsOptions, type Teacher } from '@kd/core'
import { readFileBytes, readJsonFile } from '@kd/core/node'
import { type Answering, answersTo, wholeNumber } from './answers.ts'
import { type FoundModel, findModel } from './checkpoint/find-model.ts'
import { chosenLabels, type ProblemType, problemTypeOf } from './checkpoint/labels.ts'
import { assertBelongTogether, digestOf } from './checkpoint/model.ts'
import { modelFiles } from './checkpoint/model-files.ts'
import { parseOnnxConfig } from './checkpoint/onnx-config.ts'
import { type OnnxForward, onnxForward } from './forward/onnx-forward.ts'
import { type TeacherOptions, usualBatchSize } from './teacher-options.ts'
import { type ReadTokenizer, readTokenizer } from './tokenizer/read-tokenizer.ts'

export interface OnnxTeacherOptions extends TeacherOptions {
  /** The graph, by its path in the folder. Default: the first of `onnx/model.onnx`, `model.onnx`, `onnx/model_quantized.onnx`, `model_quantized.onnx`. */
  file?: string
}

/** In a batch: beyond it nothing gets faster, and memory grows. Fewer would change the answers of graphs that round by the whole batch. */
const mostTokens = 8192

/** What a teacher of an ONNX graph is made of. */
interface OnnxParts {
  readonly read: ReadTokenizer
  readonly forward: OnnxForward
  readonly stored: readonly string[] | undefined
  readonly problemType: ProblemType | undefined
  /** Longest text in tokens that the model takes. */
  readonly positions: number
  readonly digest: string
  readonly bytes: number
}

/** A text classifier as an ONNX graph, as Optimum and transformers.js export them, in fp32 or quantised. */
export class OnnxTeacher implements Teacher {
  readonly name: string
  readonly labels: readonly string[]
  /** What the head was trained for. */
  readonly problemType: ProblemType
  /** Digest of graph, configuration and tokeniser. */
  readonly fingerprint: string
  /** Size of the graph's file. */
  readonly bytes: number
  readonly maxLength: number
  readonly atOnce = 2
  readonly #answering: Answering

  private constructor(name: string, parts: OnnxParts, options: OnnxTeacherOptions) {
    const { read, forward, positions } = parts
    const { tokenizer } = read
    const { maxLength = Math.min(tokenizer.truncation ?? positions, positions), batchSize = usualBatchSize } = options
    this.name = name
    this.labels = chosenLabels(forward.classes, parts.stored, options.labels, name)
    this.problemType = problemTypeOf(parts.problemType, forward.classes)
    this.maxLength = wholeNumber('maxLength', maxLength, tokenizer.specials(true) + 1, positions)
    this.#answering = {
      name,
      tokenizer,
      forward,
      classes: forward.classes,
      maxLength,
      limits: { texts: wholeNumber('batchSize', batchSize, 1, 4096), tokens: mostTokens },
    }
    this.fingerprint = `onnx ${parts.digest} ${maxLength}`
    this.bytes = parts.bytes
  }

  /**
   * Loads any graph with the inputs `input_ids`, `attention_mask` and perhaps `token_type_ids` and an output `logits`
   * `[batch, labels]`, with `config.json` and the tokeniser beside it: a folder, an npm package, or a repository of the hub.
   * @throws KdError of kind `missing`, `format`, `mismatch`, `option`, `io` or `engine`
   */
  static async load(source: string, options: OnnxTeacherOptions = {}): Promise<OnnxTeacher> {
    return OnnxTeacher.of(await findModel(source, options), options)
  }

  /** Of a model that is found. Prefer `OnnxTeacher.load`. */
  static async of({ folder, name, weights }: FoundModel, options: OnnxTeacherOptions = {}): Promise<OnnxTeacher> {
    if (weights.graph === undefined) {
      throw new KdError({
        kind: 'mismatch',
        what: `it holds ${modelFiles.weights}, which is preferred to a graph`,
        where: { file: folder },
        fix: 'Load it with BertTeacher.load or loadTeacher, or name the graph: { file: "onnx/model.onnx" }.',
      })
    }
    const configFile = join(folder, modelFiles.config)
    const configJson = await readJsonFile(configFile)
    const config = parseOnnxConfig(configJson, configFile)
    const read = await readTokenizer(folder)
    assertBelongTogether(read.tokenizer, { ...config, types: 0 }, folder)
    const graphFile = join(folder, weights.graph)
    const graph = await readFileBytes(graphFile)
    const probe = read.tokenizer.encode({ text: 'a' }, config.positions)
    const forward = await onnxForward(graph, graphFile, probe.ids, options.threads)
    try {
      if (config.labels && config.labels.length !== forward.classes) {
        throw new KdError({
          kind: 'mismatch',
          what: `it gives ${forward.classes} logits, config.json names ${config.labels.length} labels`,
          where: { file: graphFile },
          fix: 'Use the config.json that was exported with this graph.',
        })
      }
      const digest = digestOf([graph], configJson, read.tokenizerJson, read.settings)
      const parts = {
        read,
        forward,
        stored: config.labels,
        problemType: config.problemType,
        positions: config.positions,
        digest,
        bytes: graph.byteLength,
      }
      return new OnnxTeacher(name, parts, options)
    } catch (error) {
      await forward.dispose()
      throw error
    }
  }

  /**
   * Logits `[examples.length, labels.length]`, row-major. Texts of one token length are computed together, without padding.
   * A graph that rounds its activations by the largest of a whole batch (dynamic quantisation) gives a text other last
   * digits beside other texts.
   * @throws KdError of kind `teacher` if a logit is not finite, `aborted`, `engine`
   */
  logits(examples: readonly Example[], { signal }: LogitsOptions = {}): Promise<Float32Array> {
    return answersTo(examples, this.#answering, signal)
  }

  /** Tokens of each example, special ones included, after truncation. */
  lengths(examples: readonly Example[]): Int32Array {
    return Int32Array.from(examples, (example) => this.#answering.tokenizer.encode(example, this.maxLength).ids.length)
  }

  /** Frees the engine's copy of the graph. */
  dispose(): Promise<void> {
    return this.#answering.forward.dispose()
  }
}
