import { KdError } from '@kd/core'
import { modelFiles } from '../model-config.ts'

export type Fetch = (url: string | URL) => Promise<Response>

/** Reads one file of a student by its name. */
export type ReadFile = (name: string) => Promise<Uint8Array>

interface Files {
  /** The file with the weights. */
  readonly file: string
  /** Undefined where the place is that of the file. */
  readonly folder: string | undefined
  readonly read: ReadFile
}

/**
 * How to read the files of a student that lies at a URL or path, given as its folder or as its one file.
 * @param fetch reads URLs, and paths too where it is given
 */
export function filesAt(place: string | URL, fetch?: Fetch): Files {
  const text = String(place)
  const remote = place instanceof URL || /^[a-z][a-z\d+.-]+:/i.test(text)
  const disk = !fetch && (!remote || /^file:/i.test(text)) && nodeFileSystem()
  // A query, such as a signature, stays behind the file's name.
  const at = disk && !remote ? -1 : text.search(/[?#]/)
  const [path, query] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
  const folder = path.endsWith('.safetensors') ? undefined : path.replace(/\/$/, '')
  const of = (name: string) => (folder === undefined ? path : `${folder}/${name}`)
  const read: ReadFile = (name) =>
    disk ? fromDisk(disk, remote ? new URL(of(name)) : of(name)) : fromNetwork(fetch ?? globalThis.fetch, of(name) + query)
  return { file: of(modelFiles.weights), folder, read }
}

interface NodeFileSystem {
  readFileSync(path: string | URL): Uint8Array
}

/** Node's, Deno's or Bun's; undefined in browsers and at the edge. Not an import: bundlers for the web would stumble. */
function nodeFileSystem(): NodeFileSystem | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:fs') as NodeFileSystem | undefined
}

/** At once: reading in pieces beside other work would take several times as long as reading. */
async function fromDisk(files: NodeFileSystem, path: string | URL): Promise<Uint8Array> {
  try {
    return files.readFileSync(path)
  } catch (cause) {
    const { code } = cause as { code?: string }
    const absent = code === 'ENOENT' || code === 'ENOTDIR'
    throw new KdError({
      kind: absent ? 'missing' : 'io',
      what: absent ? 'there is no such file' : `reading failed with ${code ?? cause}`,
      where: { file: String(path) },
      fix: 'Check the path.',
      cause,
    })
  }
}

async function fromNetwork(fetch: Fetch, url: string): Promise<Uint8Array> {
  const fail = (kind: 'missing' | 'io', what: string, cause?: unknown) =>
    new KdError({ kind, what, where: { file: url }, fix: 'Check the URL.', cause })
  let response: Response
  try {
    response = await fetch(url)
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw fail('io', `fetching failed: ${(cause as Error).message}`, cause)
  }
  throw fail(response.status === 404 ? 'missing' : 'io', `the host answered ${response.status}`)
}
