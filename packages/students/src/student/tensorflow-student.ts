import { type Example, KdError, type LogitsOptions } from '@kd/core'
import { writeFolderAtomic } from '@kd/core/node'
import type { RowTable } from '@kd/jit'
import {
  type Comparison,
  channelNames,
  checkEncoded,
  comparisonOf,
  type Encoded,
  formatVersion,
  type Input,
  type ModelConfig,
  modelFiles,
  type Prediction,
  predictionOf,
  tensorShapes,
  type Vocabulary,
  writeModel,
  writePacked,
} from '@kd/runtime'
import type * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { agreementSection, modelCard } from '../card.ts'
import { type Agreement, agreementOf } from '../packing/agreement.ts'
import { packStudent } from '../packing/pack.ts'
import { checkWeightType } from '../packing/weight-type.ts'
import type { SettledDescription } from './description.ts'
import { type Inference, type PairInference, runsNatively } from './inference.ts'
import { kinds, type StudentKind } from './kinds.ts'
import { assign, buildHead, channelVariable, type Head } from './layers.ts'
import { sizesOf } from './sizes.ts'
import type { Saved, SaveOptions, Student, StudentTraining } from './student.ts'
import { type DenseWeights, fromNamed, type Sizes, toNamed } from './weights.ts'

export interface StudentParts {
  readonly description: SettledDescription
  readonly vocabulary: Vocabulary
  readonly labels: readonly string[]
  readonly task?: string
  /** The tables `embeddings.*` are kept, not copied. */
  readonly embeddings: Readonly<Record<string, Float32Array>>
  readonly dense: DenseWeights
}

/**
 * Weights live in two places: the dense ones in TensorFlow.js variables, word vectors in arrays of the host, where a
 * training step picks its rows. What is made of them (the graph for inference, the layers model's word vectors) carries
 * a mark of the weights it was made of, and is made again when they have changed.
 */
export class TensorflowStudent implements Student {
  readonly name: string
  readonly description: SettledDescription
  readonly vocabulary: Vocabulary
  readonly labels: readonly string[]
  readonly #kind: StudentKind
  readonly #config: ModelConfig
  readonly #sizes: Sizes
  readonly #head: Head
  readonly #tables: readonly (RowTable & { readonly name: 'static' | 'trainable' })[]
  /** Counts what changes word vectors without changing a variable. */
  #changes = 0
  #inference: { of: Mark; ready: Promise<Inference> } | undefined
  #model: { of: Mark; model: LayersModel; vectors: tf.DataId[] } | undefined
  #disposed = false

  constructor({ description, vocabulary, labels, task, embeddings, dense }: StudentParts) {
    this.description = description
    this.vocabulary = vocabulary
    this.labels = labels
    const { student, dimensions, channels, hidden, dense: denseUnits, maxLength, dropout } = description
    this.name = student
    this.#kind = kinds[student]
    this.#config = {
      formatVersion,
      student,
      ...(task !== undefined && { task }),
      labels,
      vocabularySize: vocabulary.size,
      dimensions,
      channels,
      hidden,
      dense: denseUnits,
      maxLength,
      dropout,
    }
    this.#sizes = sizesOf(description, labels.length)
    this.#tables = channelNames(channels).map((name) => ({
      name,
      data: embeddings[`embeddings.${name}`]!,
      dimensions,
      trainable: name === 'trainable',
    }))
    this.#head = buildHead(this.#sizes)
    this.#assignDense(dense)
  }

  get parameters(): { total: number; withoutEmbeddings: number } {
    const sizes = Object.entries(tensorShapes(this.#config)).map(([name, shape]) => [name, shape.reduce((a, b) => a * b)] as const)
    const sum = (of: typeof sizes) => of.reduce((total, [, size]) => total + size, 0)
    return { total: sum(sizes), withoutEmbeddings: sum(sizes.filter(([name]) => !name.startsWith('embeddings.'))) }
  }

  get model(): LayersModel {
    this.#alive()
    this.#takeFromModel()
    const of = this.#mark()
    if (this.#model && sameMark(this.#model.of, of)) return this.#model.model
    const words = this.vocabulary.size
    const model =
      this.#model?.model ??
      this.#kind.model(
        this.#head,
        this.#tables.map((table) => ({ ...table, words })),
        this.description.dropout,
      )
    const variables = this.#tables.map(({ name }) => channelVariable(model, name))
    variables.forEach((variable, index) => {
      assign(variable, this.#tables[index]!.data)
    })
    this.#model = { of, model, vectors: variables.map(({ dataId }) => dataId) }
    return model
  }

  async logits(examples: readonly Example[], { signal }: LogitsOptions = {}): Promise<Float32Array> {
    const idsOf = this.#reader()
    const rows = examples.map((example) => this.#kind.texts(example).map(idsOf))
    return (await this.#currentInference()).logits(rows, signal)
  }

  predict(input: Input): Promise<Prediction>
  predict(text: string, pair: string): Promise<Prediction>
  predict(inputs: readonly Input[]): Promise<Prediction[]>
  async predict(inputs: Input | readonly Input[], pair?: string): Promise<Prediction | Prediction[]> {
    const one = !Array.isArray(inputs)
    const examples = (one ? [inputs as Input] : (inputs as readonly Input[])).map((input) =>
      typeof input === 'string' ? { text: input, pair } : input,
    )
    const logits = await this.logits(examples)
    const classes = this.labels.length
    const predictions = examples.map((_, row) => predictionOf(logits.subarray(row * classes, (row + 1) * classes), this.labels))
    return one ? predictions[0]! : predictions
  }

  async encode(texts: readonly string[], { signal }: LogitsOptions = {}): Promise<Encoded> {
    const idsOf = this.#reader()
    const ids = texts.map(idsOf)
    const distinct = [...new Set(ids)]
    const read = await (await this.#pairs('encode')).states(distinct, signal)
    if (distinct.length === ids.length) return { length: texts.length, states: read }
    const size = 2 * this.#sizes.hidden
    const states = new Float32Array(ids.length * size)
    const at = new Map(distinct.map((text, index) => [text, index * size]))
    ids.forEach((text, row) => {
      states.set(read.subarray(at.get(text)!, at.get(text)! + size), row * size)
    })
    return { length: texts.length, states }
  }

  async compare(text: string, known: Encoded, { signal }: LogitsOptions = {}): Promise<Comparison> {
    checkEncoded(known, 2 * this.#sizes.hidden)
    const pairs = await this.#pairs('compare')
    const { states } = await this.encode([text], { signal })
    return comparisonOf(await pairs.compare(states, known.states, signal), this.labels)
  }

  async save(folder: string, { fileSystem, card = {}, weights: type = 'float32', measure = {} }: SaveOptions = {}): Promise<Saved> {
    checkWeightType(type)
    const { vocabulary, parameters } = this
    const float = { config: this.#config, vocabulary, weights: this.#views() }
    const agreement: Record<string, Agreement> = {}
    let files: Record<string, Uint8Array | string>
    if (type === 'float32') {
      files = writeModel(float)
      files[modelFiles.card] = modelCard({ config: float.config, parameters, sections: card })
    } else {
      const packed = packStudent(float, type)
      const bytes = writePacked(packed)
      for (const [name, examples] of Object.entries(measure)) {
        agreement[name] = await agreementOf(bytes, examples, await this.logits(examples))
      }
      files = { [modelFiles.config]: `${JSON.stringify(packed.config, null, 2)}\n`, [modelFiles.weights]: bytes }
      files[modelFiles.card] = modelCard({ config: packed.config, parameters, sections: { ...card, ...agreementSection(agreement) } })
    }
    const encoded = Object.fromEntries(
      Object.entries(files).map(([name, contents]) => [name, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents]),
    )
    await writeFolderAtomic(folder, encoded, { fileSystem, mayReplace: Object.values(modelFiles) })
    return { bytes: Object.values(encoded).reduce((total, { byteLength }) => total + byteLength, 0), agreement }
  }

  training(): StudentTraining {
    this.#alive()
    this.#takeFromModel()
    const { maxLength, dropout } = this.description
    return this.#kind.training({ head: this.#head, tables: this.#tables, vocabulary: this.vocabulary, maxLength, dropout })
  }

  weights(): Record<string, Float32Array> {
    const weights = this.#views()
    for (const { name } of this.#tables) weights[`embeddings.${name}`] = weights[`embeddings.${name}`]!.slice()
    return weights
  }

  setWeights(weights: Readonly<Record<string, Float32Array>>): void {
    this.#alive()
    const shapes = tensorShapes(this.#config)
    for (const name of new Set([...Object.keys(shapes), ...Object.keys(weights)])) {
      const size = shapes[name]?.reduce((a, b) => a * b)
      if (weights[name]?.length === size) continue
      const what = `the weights have ${weights[name]?.length ?? 'no'} values for it, the student ${size ?? 'no such tensor'}`
      throw new KdError({ kind: 'mismatch', what, where: { tensor: name } })
    }
    for (const { name, data } of this.#tables) data.set(weights[`embeddings.${name}`]!)
    this.#assignDense(fromNamed(weights, this.#sizes))
    this.#changes++
  }

  dispose(): void {
    if (this.#disposed) return
    this.#dropInference()
    // A layer that reads both texts of a pair is not let go by its model.
    const vectors = this.#tables.flatMap(({ name }) => (this.#model ? channelVariable(this.#model.model, name) : []))
    this.#model?.model.dispose()
    for (const variable of [...Object.values(this.#head.variables), ...vectors]) if (!variable.isDisposed) variable.dispose()
    this.#disposed = true
  }

  /** A text's word ids; each distinct text is read once. */
  #reader(): (text: string) => Int32Array {
    const known = new Map<string, Int32Array>()
    return (text) => {
      let ids = known.get(text)
      if (!ids) known.set(text, (ids = this.vocabulary.ids(text, this.description.maxLength)))
      return ids
    }
  }

  async #pairs(method: string): Promise<PairInference> {
    const { pairs } = await this.#currentInference()
    if (pairs) return pairs
    throw new KdError({
      kind: 'option',
      what: `${method} needs a student of pairs, this one is a ${this.name}`,
      fix: 'Describe it by siamese().',
    })
  }

  /** All weights by name; word vectors are the tables themselves. */
  #views(): Record<string, Float32Array> {
    this.#alive()
    this.#takeFromModel()
    const dense = Object.fromEntries(Object.entries(this.#head.variables).map(([name, variable]) => [name, variable.dataSync()]))
    const embeddings = Object.fromEntries(this.#tables.map(({ name, data }) => [`embeddings.${name}`, data]))
    return { ...embeddings, ...toNamed(dense as unknown as DenseWeights, this.#sizes) }
  }

  #assignDense(dense: DenseWeights): void {
    for (const [name, variable] of Object.entries(this.#head.variables)) assign(variable, dense[name as keyof DenseWeights])
  }

  #mark(): Mark {
    return [this.#changes, ...Object.values(this.#head.variables).map(({ dataId }) => dataId)]
  }

  /** Somebody may have trained the layers model: then its word vectors are the newest. */
  #takeFromModel(): void {
    if (!this.#model) return
    const { model, vectors } = this.#model
    this.#tables.forEach(({ name, data }, index) => {
      const variable = channelVariable(model, name)
      if (variable.dataId === vectors[index]) return
      data.set(variable.dataSync() as Float32Array)
      vectors[index] = variable.dataId
      this.#changes++
    })
  }

  #currentInference(): Promise<Inference> {
    this.#alive()
    this.#takeFromModel()
    const of = this.#mark()
    if (!this.#inference || !sameMark(this.#inference.of, of)) {
      this.#dropInference()
      const ready = this.#makeInference()
      this.#inference = { of, ready }
      ready.catch(() => {
        if (this.#inference?.ready === ready) this.#inference = undefined
      })
    }
    return this.#inference!.ready
  }

  async #makeInference(): Promise<Inference> {
    const tables = this.#tables
    const sizes = this.#sizes
    if (await runsNatively()) {
      return this.#kind.inference({ sizes, vocabularySize: this.vocabulary.size, tables, weights: this.#views() })
    }
    const channels = tables.map(({ name }) => name)
    return this.#kind.onLayers({ sizes, head: this.#head, channels, model: () => this.model })
  }

  #dropInference(): void {
    void this.#inference?.ready.then((inference) => inference.dispose()).catch(() => {})
    this.#inference = undefined
  }

  #alive(): void {
    if (this.#disposed) throw new KdError({ kind: 'option', what: 'the student has been disposed', fix: 'Load or create it again.' })
  }
}

/** Changes whenever a weight does: a variable that is assigned gets new data. */
type Mark = readonly (number | tf.DataId)[]

const sameMark = (a: Mark, b: Mark): boolean => a.every((part, index) => part === b[index])
