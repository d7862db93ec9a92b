import { type Example, KdError, type LogitsOptions } from '@kd/core'
import { writeFolderAtomic } from '@kd/core/node'
import type { RowTable } from '@kd/jit'
import {
  channelNames,
  formatVersion,
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
import type { Saved, SaveOptions, Student, StudentTraining } from '../student.ts'
import type { SettledDescription } from './description.ts'
import { type Inference, layersInference, nativeInference, runsNatively } from './inference.ts'
import { inferenceGraph } from './inference-graph.ts'
import { assign, buildHead, buildModel, channelVariable, type Head } from './layers-model.ts'
import { bilstmTraining, singleText } from './training.ts'
import { type DenseWeights, fromNamed, type Sizes, toNamed } from './weights.ts'

export interface BilstmStudentParts {
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
export class BilstmStudent implements Student {
  readonly name = 'bilstm'
  readonly description: SettledDescription
  readonly vocabulary: Vocabulary
  readonly labels: readonly string[]
  readonly #config: ModelConfig
  readonly #sizes: Sizes
  readonly #head: Head
  readonly #tables: readonly (RowTable & { readonly name: 'static' | 'trainable' })[]
  /** Counts what changes word vectors without changing a variable. */
  #changes = 0
  #inference: { of: Mark; ready: Promise<Inference> } | undefined
  #model: { of: Mark; model: LayersModel; vectors: tf.DataId[] } | undefined
  #disposed = false

  constructor({ description, vocabulary, labels, task, embeddings, dense }: BilstmStudentParts) {
    this.description = description
    this.vocabulary = vocabulary
    this.labels = labels
    const { student, dimensions, channels, hidden, dense: denseUnits, maxLength, dropout } = description
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
    const names = channelNames(channels)
    this.#sizes = { inputs: names.length * dimensions, hidden, dense: denseUnits, classes: labels.length }
    this.#tables = names.map((name) => ({ name, data: embeddings[`embeddings.${name}`]!, dimensions, trainable: name === 'trainable' }))
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
      buildModel(
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
    const texts = examples.map((example) => this.vocabulary.ids(singleText(example), this.description.maxLength))
    return (await this.#currentInference()).logits(texts, signal)
  }

  predict(text: string): Promise<Prediction>
  predict(texts: readonly string[]): Promise<Prediction[]>
  async predict(texts: string | readonly string[]): Promise<Prediction | Prediction[]> {
    const list = typeof texts === 'string' ? [texts] : texts
    const logits = await this.logits(list.map((text) => ({ text })))
    const classes = this.labels.length
    const predictions = list.map((_, row) => predictionOf(logits.subarray(row * classes, (row + 1) * classes), this.labels))
    return typeof texts === 'string' ? predictions[0]! : predictions
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
    return bilstmTraining({ head: this.#head, tables: this.#tables, vocabulary: this.vocabulary, maxLength, dropout })
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
    this.#model?.model.dispose()
    for (const variable of Object.values(this.#head.variables)) if (!variable.isDisposed) variable.dispose()
    this.#disposed = true
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
    const { classes } = this.#sizes
    if (!(await runsNatively())) return layersInference(() => this.model, classes)
    const parts = { sizes: this.#sizes, vocabularySize: this.vocabulary.size, tables: this.#tables, weights: this.#views() }
    return nativeInference(inferenceGraph(parts), classes)
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
