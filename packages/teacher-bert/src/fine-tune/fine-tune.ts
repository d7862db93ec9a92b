import { createHash } from 'node:crypto'
import { type Example, KdError, throwIfAborted } from '@kd/core'
import type { HistoryEntry } from '@kd/core/node'
import { argMax, metric } from '@kd/losses/metrics'
import { wholeNumber } from '../answers.ts'
import type { BertModel } from '../checkpoint/model.ts'
import { digestOf } from '../checkpoint/model.ts'
import { modelContents } from '../checkpoint/model-contents.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import type { BertWeights } from '../checkpoint/weights.ts'
import { forwardOn } from '../forward/forward.ts'
import { BertTeacher } from '../teacher.ts'
import { type Base, readBase } from './base.ts'
import { trainingSection } from './card-section.ts'
import { dropoutRates } from './dropout.ts'
import { assertSomethingToLearn, goldLabels, labelsOf, type TrainingExamples, taskOf, weightsOfClasses } from './examples.ts'
import { type FineTuneOptions, type Settings, settle } from './options.ts'
import { trainModel } from './train-model.ts'

export type { FineTuneOptions } from './options.ts'

export interface FineTuned {
  readonly teacher: BertTeacher
  /** Mean loss and validation metric of each epoch. */
  readonly history: readonly HistoryEntry[]
  /** The epoch whose weights the teacher has, from 1: the best on validation data, else the last. */
  readonly bestEpoch: number
  /** Updates made. */
  readonly steps: number
  readonly seconds: number
}

/**
 * Trains a checkpoint of the BERT family on labelled examples (Devlin et al. 2019, section 4.1): AdamW with linear warm-up
 * and decay, dropout, clipping. Word embeddings move where their word is in a batch; others stay, where PyTorch's decay
 * would move them too.
 * @param base a Hugging Face folder, an installed package or a repository of the hub, with or without a head
 * @param examples a Dataset, or examples with `labels` in the options; each has a label
 * @returns the teacher; `teacher.save(folder)` writes it as a Hugging Face folder
 * @throws KdError of kind `option`, `data`, `missing`, `format`, `mismatch`; `numeric` when the loss is no longer a number;
 * `aborted`
 */
export async function fineTune(base: string, examples: Iterable<Example>, options: FineTuneOptions = {}): Promise<FineTuned> {
  const settings = settle(options, taskOf(examples)?.metrics[0])
  const { regression, seed, updateSize } = settings
  const labels = labelsOf(examples, options, regression)
  const rows = [...examples]
  const golds = goldLabels(rows, labels, regression, 'training')
  assertSomethingToLearn(golds, labels, regression)
  const classWeights = weightsOfClasses(options.classWeights, golds, labels, regression)
  const validation = options.validation && [...options.validation]
  const wanted = validation && goldLabels(validation, labels, regression, 'validation')
  throwIfAborted(options.signal)

  const { from, hub } = options
  const problemType = regression ? 'regression' : 'single_label_classification'
  const read = await readBase(base, { labels, problemType, seed, from, hub })
  if (settings.frozenDepth > read.config.layers) {
    throw new KdError({
      kind: 'option',
      what: `${read.name} has ${read.config.layers} layers, not ${settings.frozenDepth}`,
      where: { option: 'freeze' },
    })
  }
  const rates = dropoutRates(read.config.family, read.configJson, options.dropout, read.configFile)
  const maxLength = lengthOf(read, options.maxLength)
  const examplesOf: TrainingExamples = {
    encodings: rows.map((example) => read.tokenizer.encode(example, maxLength)),
    targets: Array.from(golds, (value) => ({ value, weight: regression ? 1 : classWeights[value]! })),
  }
  const name = options.name ?? `${read.name}, fine-tuned`
  const judge = async (weights: BertWeights) => {
    const teacher = await teacherOf({ ...read, weights }, name, maxLength, {}, options.threads)
    try {
      const logits = await teacher.logits(validation!, { signal: options.signal })
      const value = metric(settings.metric)(regression ? logits : argMax(logits, labels.length), wanted!)
      // The correlation of constant answers is no number: nothing is worse.
      return Number.isNaN(value) ? -1 : value
    } finally {
      await teacher.dispose()
    }
  }
  const identity = identityOf(read, examplesOf, {
    ...settings,
    maxLength,
    dropout: JSON.stringify(rates),
    validation: digestOfExamples(validation ?? []),
  })
  const trained = await trainModel(
    { weights: read.weights, config: read.config, rates, examples: examplesOf, maxLength, settings, identity, judge: validation && judge },
    options,
  )
  const { state, steps, seconds, weights } = trained
  const epochSteps = Math.ceil(rows.length / updateSize)
  const bestEpoch = (state.best?.step ?? steps) / epochSteps
  const section = trainingSection({ base: read.name, examples: rows.length, settings, history: state.history, bestEpoch, epochSteps })
  const teacher = await teacherOf({ ...read, weights }, name, maxLength, { 'Fine-tuning': section }, options.threads)
  return { teacher, history: state.history, bestEpoch, steps, seconds }
}

function lengthOf({ tokenizer, config }: Base, maxLength: number | undefined): number {
  const longest = Math.min(tokenizer.truncation ?? config.positions, config.positions)
  return wholeNumber('maxLength', maxLength ?? longest, tokenizer.specials(true) + 1, config.positions)
}

/** The model as it would be loaded from the folder that `save` writes. */
async function teacherOf(
  { config, configJson, tokenizer, tokenizerJson, settings, weights }: Base,
  name: string,
  maxLength: number,
  sections: Readonly<Record<string, string>>,
  threads: number | undefined,
): Promise<BertTeacher> {
  const stored = { ...settings, model_max_length: maxLength }
  const labels = config.labels!
  const contents = modelContents({ config, configJson, weights, tokenizerJson, settings: stored, labels })
  const file = contents[modelFiles.weights] as Uint8Array
  const json = JSON.parse(String(contents[modelFiles.config])) as Record<string, unknown>
  const model: BertModel = {
    folder: name,
    config,
    configJson: json,
    weights,
    tokenizer,
    tokenizerJson,
    settings: stored,
    sections,
    bytes: file.byteLength,
    digest: digestOf([file], json, tokenizerJson, stored),
  }
  return new BertTeacher(name, model, await forwardOn(weights, config, 'float32', threads), { maxLength })
}

function identityOf(
  base: Base,
  { encodings, targets }: TrainingExamples,
  numbers: Settings & { maxLength: number; dropout: string; validation: string },
) {
  const { saveEvery: _, epochs, patience, ...others } = numbers
  const data = createHash('sha256')
  encodings.forEach(({ ids, types }, index) => {
    const { value, weight } = targets[index]!
    data.update(ids).update(types).update(Float64Array.of(value, weight))
  })
  const weights = createHash('sha256').update(JSON.stringify(base.configJson))
  for (const { query } of base.weights.layers) weights.update('values' in query.weight ? query.weight.values : query.weight.int8)
  weights.update(base.weights.classifier.bias)
  const { regression, ...rest } = others
  return { ...rest, epochs, patience, regression: String(regression), data: data.digest('hex'), base: weights.digest('hex') }
}

const digestOfExamples = (examples: readonly Example[]): string => createHash('sha256').update(JSON.stringify(examples)).digest('hex')
