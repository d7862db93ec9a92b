import { configFields } from './config.ts'
import { type Family, type FamilyName, families } from './families.ts'
import { labelNames, type ProblemType, parseProblemType } from './labels.ts'

/** What is read of the `config.json` beside a graph, whatever its architecture is. */
export interface OnnxConfig {
  readonly labels?: readonly string[]
  readonly problemType?: ProblemType
  readonly vocabularySize?: number
  readonly padding?: number
  /** Longest text in tokens. */
  readonly positions: number
}

/** Where a configuration does not say how long a text may be. */
const usualPositions = 512

/** @throws KdError of kind `format` */
export function parseOnnxConfig(json: unknown, file: string): OnnxConfig {
  const fields = configFields(json, file)
  const count = (name: string): number | undefined => {
    const value = fields[name]
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
  }
  const type = String(fields.model_type)
  const family: Family | undefined = Object.hasOwn(families, type) ? families[type as FamilyName] : undefined
  const padding = count('pad_token_id')
  const taken = family?.positionsAfterPadding ? (padding ?? 1) + 1 : 0
  return {
    labels: fields.id2label === undefined ? undefined : labelNames(fields.id2label, file),
    problemType: parseProblemType(fields.problem_type, file),
    vocabularySize: count('vocab_size'),
    padding,
    positions: Math.max(1, (count('max_position_embeddings') ?? usualPositions + taken) - taken),
  }
}
