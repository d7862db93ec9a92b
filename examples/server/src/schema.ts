export const limits = {
  /** Characters of a text. */
  characters: 10_000,
  /** Texts of a request. */
  texts: 256,
  /** Bytes of a request. */
  bytes: 1_000_000,
} as const

const text = { type: 'string', maxLength: limits.characters } as const

/** What `POST /predict` takes: one text, or several. */
export const requestSchema = {
  $id: 'request',
  type: 'object',
  properties: { text, texts: { type: 'array', items: text, minItems: 1, maxItems: limits.texts } },
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
} as const

/** What it answers for one text. */
export const predictionSchema = {
  $id: 'prediction',
  type: 'object',
  properties: {
    label: { type: 'string' },
    probability: { type: 'number', minimum: 0, maximum: 1 },
    probabilities: { type: 'object', additionalProperties: { type: 'number' } },
  },
  required: ['label', 'probability', 'probabilities'],
} as const

export const errorSchema = {
  $id: 'error',
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: { what: { type: 'string' }, where: { type: 'string' }, fix: { type: 'string' } },
      required: ['what', 'fix'],
    },
  },
  required: ['error'],
} as const
