import { readFile } from 'node:fs/promises'
import { KdError } from './error.ts'

/**
 * A whole file's bytes, aligned for any element type.
 * @throws KdError of kind `missing` or `io` that names the file
 */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw readFailed(path, cause)
  }
}

/** What to throw where reading a file failed: of kind `missing` where it is not there, else `io`. */
export function readFailed(file: string, cause: unknown): KdError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new KdError({ kind: 'missing', what: 'there is no such file', where: { file }, fix: 'Check the path.', cause })
  const what = code === 'EISDIR' ? 'it is a folder, not a file' : `reading failed with ${code ?? cause}`
  return new KdError({ kind: 'io', what, where: { file }, fix: 'Check the path and its permissions.', cause })
}

/**
 * A JSON file's value, unchecked.
 * @throws KdError of kind `missing`, `io` or `format` that names the file
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readFileBytes(path))
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new KdError({ kind: 'format', what: `it is not JSON: ${(cause as Error).message}`, where: { file: path }, cause })
  }
}
