import { type Example, KdError } from '@kd/core'

/** Logits that a model gave where it was made, to find out processors and engines that compute something else. */
export interface SelfCheck {
  /** Largest difference of a logit that is still the same model. */
  readonly tolerance: number
  readonly rows: readonly { readonly example: Example; readonly logits: readonly number[] }[]
}

/**
 * `self-check.json`: `{ tolerance, rows: [{ text, pair?, logits }] }`.
 * @throws KdError of kind `format`
 */
export function parseSelfCheck(json: unknown, file: string): SelfCheck {
  const { tolerance, rows } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  const numbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((item) => typeof item === 'number')
  if (typeof tolerance !== 'number' || !(tolerance > 0) || !Array.isArray(rows) || rows.length === 0) {
    throw new KdError({ kind: 'format', what: 'it is not { tolerance, rows: [{ text, logits }] }', where: { file } })
  }
  return {
    tolerance,
    rows: rows.map((row, index) => {
      const { text, pair, logits } = (row ?? {}) as Record<string, unknown>
      if (typeof text !== 'string' || !(pair === undefined || typeof pair === 'string') || !numbers(logits)) {
        throw new KdError({ kind: 'format', what: `its row ${index} is not { text, pair?, logits }`, where: { file } })
      }
      return { example: pair === undefined ? { text } : { text, pair }, logits }
    }),
  }
}

/** `self-check.json` of a check. */
export const selfCheckJson = ({ tolerance, rows }: SelfCheck): object => ({
  tolerance,
  rows: rows.map(({ example: { text, pair }, logits }) => ({ text, ...(pair !== undefined && { pair }), logits })),
})

/**
 * Compares what a model answers here with what it answered where it was made.
 * @param logits of the check's rows, row-major
 * @throws KdError of kind `teacher`
 */
export function assertSelfCheck({ tolerance, rows }: SelfCheck, logits: Float32Array, model: string): void {
  const expected = rows.flatMap((row) => row.logits)
  const distance = expected.length === logits.length ? Math.max(...expected.map((value, i) => Math.abs(value - logits[i]!))) : Number.NaN
  if (distance <= tolerance) return
  throw new KdError({
    kind: 'teacher',
    what: `${model} answers its ${rows.length} stored sentences differently here: a logit is off by ${distance.toPrecision(3)}, allowed are ${tolerance}`,
    fix: 'The weights are damaged or this processor computes int8 products differently: install the model again, or load it with { arithmetic: "float32" }.',
  })
}
