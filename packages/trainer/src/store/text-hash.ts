import { createHash } from 'node:crypto'

/** Bytes of a text's hash: 128 bits, so that two of a billion texts are alike with a chance below 10^-20. */
export const hashBytes = 16

/** The first 128 bits of the SHA-256 of some bytes, or of a text's UTF-8. */
export function hash128(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest().subarray(0, hashBytes)
}
