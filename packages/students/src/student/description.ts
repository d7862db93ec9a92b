import { KdError, type WordVectors } from '@kd/core'
import type { Channels, DropoutRates, ModelConfig } from '@kd/runtime'

/** What a student of any kind may be given. */
export interface StudentOptions {
  /** Units of the LSTM in each direction. Default: 150 (section 4.3 of the paper; it tried 300 as well). */
  hidden?: number
  /** Units of the ReLU layer. Default: 200 (the paper tried 400 as well). */
  dense?: number
  /** What word vectors start from. Default: random numbers. */
  vectors?: WordVectors
  /** Components of a word vector. Default: those of `vectors`, else 300, the paper's. */
  dimensions?: number
  /**
   * Whether word vectors learn. Default: `trainable`. The paper has `both`: a channel of each kind, joined for each word,
   * which doubles the work of the input for little.
   */
  channels?: Channels
  /**
   * Share of values that training drops: of word vectors (`words`), of what the dense layer reads (`states`), after the
   * dense layer (`dense`); recurrent weights see none. A number stands for the first two. Default: what `train` finds right for
   * its loss (`TrainOptions` in @kd/trainer), 0.3 for a student that is made without it.
   */
  dropout?: number | Partial<DropoutRates>
  /** Texts are cut after so many words. Default: 128. */
  maxLength?: number
  /** At most this many words, three special ones among them. Default: 15,000. */
  vocabularySize?: number
}

/** What a student is to be, before it has a vocabulary, classes and weights. */
export interface StudentDescription {
  /** `bilstm` reads one text, `siamese` two. */
  readonly student: ModelConfig['student']
  readonly hidden: number
  readonly dense: number
  readonly dimensions: number
  readonly channels: Channels
  /** Absent: left to who trains it. */
  readonly dropout?: DropoutRates
  readonly maxLength: number
  readonly vocabularySize: number
  /** Absent: random. The rest is plain JSON. */
  readonly vectors?: WordVectors
}

/**
 * A description with what is left out filled in.
 * @throws KdError of kind `option`
 */
export function describe(student: StudentDescription['student'], options: StudentOptions): StudentDescription {
  const {
    hidden = 150,
    dense = 200,
    vectors,
    dimensions = vectors?.dimensions ?? 300,
    channels = 'trainable',
    dropout,
    maxLength = 128,
    vocabularySize = 15_000,
  } = options
  whole('hidden', hidden, 1, 10_000)
  whole('dense', dense, 1, 100_000)
  whole('dimensions', dimensions, 1, 10_000)
  whole('maxLength', maxLength, 1, 10_000)
  whole('vocabularySize', vocabularySize, 4, 10_000_000)
  if (channels !== 'static' && channels !== 'trainable' && channels !== 'both') {
    throw wrong('channels', `${JSON.stringify(channels)} is none of static, trainable, both`)
  }
  if (vectors && vectors.dimensions !== dimensions) {
    throw wrong('dimensions', `it is ${dimensions}, the vectors of ${vectors.name} have ${vectors.dimensions} dimensions`)
  }
  return Object.freeze({
    student,
    hidden,
    dense,
    dimensions,
    channels,
    ...(dropout !== undefined && { dropout: dropoutRates(dropout) }),
    maxLength,
    vocabularySize,
    ...(vectors && { vectors }),
  })
}

/** The description of a student that exists. */
export type SettledDescription = StudentDescription & { readonly dropout: DropoutRates }

/** The description with these rates where it has none of its own. */
export function settleDropout(description: StudentDescription, dropout: number): SettledDescription {
  return { ...description, dropout: description.dropout ?? dropoutRates(dropout) }
}

function dropoutRates(dropout: number | Partial<DropoutRates>): DropoutRates {
  const rates = typeof dropout === 'number' ? { words: dropout, states: dropout } : dropout
  const { words = 0.3, states = 0.3, dense = 0, ...others } = rates
  for (const name of Object.keys(others)) throw wrong('dropout', `it knows words, states and dense, not ${name}`)
  for (const [name, rate] of Object.entries({ words, states, dense })) {
    if (!(rate >= 0 && rate < 1)) throw wrong('dropout', `its rate for ${name} is ${rate}, not a number from 0 to below 1`)
  }
  return Object.freeze({ words, states, dense })
}

function whole(option: string, value: number, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return
  throw wrong(option, `${value} is not a whole number from ${minimum} to ${maximum.toLocaleString('en')}`)
}

const wrong = (option: string, what: string) => new KdError({ kind: 'option', what, where: { option } })
