import { KdError } from '@kd/core'

/** @throws KdError of kind `format` */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new KdError({ kind: 'format', what: 'it is not UTF-8 text', where: { file }, fix: 'The file is damaged: save it again.', cause })
  }
}

/** @throws KdError of kind `format` */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const what = `it is not JSON: ${(cause as Error).message}`
    throw new KdError({ kind: 'format', what, where: { file }, fix: 'The file is damaged: save the student again.', cause })
  }
}

export function mismatch(what: string, file: string, tensor?: string): KdError {
  return new KdError({ kind: 'mismatch', what, where: { file, tensor }, fix: 'The files are not of one student: save it again.' })
}

export function notFinite(file: string, tensor: string): KdError {
  return new KdError({
    kind: 'format',
    what: 'it holds values that are not finite',
    where: { file, tensor },
    fix: 'The training went wrong or the file is damaged: train or save the student again.',
  })
}
