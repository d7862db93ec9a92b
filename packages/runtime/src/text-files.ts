import { KdError, type KdErrorPlace } from '@kd/core'

/** What to throw where a file of a student is not one. */
export const damaged = (what: string, where: KdErrorPlace, kind: 'format' | 'mismatch' = 'format', cause?: unknown): KdError =>
  new KdError({ kind, what, where, fix: 'The file is damaged or not of this student: save the student again.', cause })

export const mismatch = (what: string, file: string, tensor?: string): KdError => damaged(what, { file, tensor }, 'mismatch')

/** @throws KdError of kind `format` */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw damaged('it is not UTF-8 text', { file }, 'format', cause)
  }
}

/** @throws KdError of kind `format` */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw damaged(`it is not JSON: ${(cause as Error).message}`, { file }, 'format', cause)
  }
}
