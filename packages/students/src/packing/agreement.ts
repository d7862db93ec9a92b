import type { Example } from '@kd/core'
import { load } from '@kd/runtime'

/** How a packed student compares with the one in single precision on some examples; shares are from 0 to 1. */
export interface Agreement {
  readonly examples: number
  /** Of the examples: both give the same label. */
  readonly sameLabel: number
  /** Of the examples that have a label, if there are any. */
  readonly accuracy?: { readonly float32: number; readonly packed: number }
}

/**
 * Asks the packed student as it will be served, by @kd/runtime.
 * @param logits of the student in single precision, row-major `[examples.length, classes]`
 */
export async function agreementOf(packed: Uint8Array, examples: readonly Example[], logits: Float32Array): Promise<Agreement> {
  const served = await load(packed)
  const classes = served.labels.length
  const answer = new Float32Array(classes)
  let same = 0
  let labelled = 0
  const right = { float32: 0, packed: 0 }
  examples.forEach((example, row) => {
    const float32 = largest(logits.subarray(row * classes, (row + 1) * classes))
    const packed = largest(served.logits(example, answer))
    if (float32 === packed) same++
    if (example.label === undefined) return
    labelled++
    if (float32 === example.label) right.float32++
    if (packed === example.label) right.packed++
  })
  return {
    examples: examples.length,
    sameLabel: same / examples.length,
    ...(labelled > 0 && { accuracy: { float32: right.float32 / labelled, packed: right.packed / labelled } }),
  }
}

const largest = (values: Float32Array) => values.indexOf(Math.max(...values))
