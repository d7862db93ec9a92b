import { KdError } from '@kd/core'
import type { FamilyName } from '../checkpoint/families.ts'
import type { DropoutPlace } from '../forward/tfjs-bert.ts'

/** Share of elements dropped at each place. */
export type DropoutRates = Readonly<Partial<Record<DropoutPlace, number>>>

/** Names of the rates in `config.json` in the order of preference, and transformers' own value where none is there. */
type Rate = readonly [otherwise: number, ...names: string[]]

const hidden: Rate = [0.1, 'hidden_dropout_prob']
const attention: Rate = [0.1, 'attention_probs_dropout_prob']
const classifier: Rate = [0.1, 'classifier_dropout', 'hidden_dropout_prob']

const encoder = { embeddings: hidden, attention, attentionOutput: hidden, output: hidden }
const roberta = { ...encoder, first: classifier, pooled: classifier }

/** Where each family's classifier drops elements, as transformers' modules do. */
const places: Readonly<Record<FamilyName, Readonly<Partial<Record<DropoutPlace, Rate>>>>> = {
  bert: { ...encoder, pooled: classifier },
  distilbert: {
    embeddings: [0.1, 'dropout'],
    attention: [0.1, 'attention_dropout'],
    output: [0.1, 'dropout'],
    pooled: [0.2, 'seq_classif_dropout'],
  },
  roberta,
  'xlm-roberta': roberta,
  camembert: roberta,
  electra: roberta,
  mpnet: { ...encoder, first: hidden, pooled: hidden },
  albert: {
    embeddings: [0, 'hidden_dropout_prob'],
    attention: [0, 'attention_probs_dropout_prob'],
    attentionOutput: [0, 'hidden_dropout_prob'],
    pooled: [0.1, 'classifier_dropout_prob'],
  },
}

/**
 * A model's rates: those of its `config.json`, or one rate for all its places.
 * @param file names the configuration in errors
 * @throws KdError of kind `format`
 */
export function dropoutRates(
  family: FamilyName,
  config: Readonly<Record<string, unknown>>,
  rate: number | undefined,
  file: string,
): DropoutRates {
  const of = ([otherwise, ...names]: Rate): number => {
    if (rate !== undefined) return rate
    const name = names.find((candidate) => config[candidate] !== undefined && config[candidate] !== null)
    const value = name === undefined ? otherwise : config[name]
    if (typeof value === 'number' && value >= 0 && value < 1) return value
    throw new KdError({ kind: 'format', what: `${name} is ${JSON.stringify(value)}, not a number in [0, 1)`, where: { file } })
  }
  return Object.fromEntries(Object.entries(places[family]).map(([place, row]) => [place, of(row)]))
}
