import { hash } from 'node:crypto'
import { type Example, textKey } from '@kd/core'

/** Bytes of a text's hash: 128 bits, so that two of a billion texts are alike with a chance below 10^-20. */
export const hashBytes = 16

/** The first 128 bits of the SHA-256 of some bytes, or of a text's UTF-8. */
export function hash128(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer').subarray(0, hashBytes)
}

/** An example's key in a logit store: 16 bytes that follow from its text, or from both texts of a pair. */
export function textHash(example: Example): Uint8Array {
  return hash128(textKey(example))
}
