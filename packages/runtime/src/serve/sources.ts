import { KdError } from '@kd/core'

export type Fetch = (url: string | URL) => Promise<Response>

/** Reads one file of a student by its name. */
export type ReadFile = (name: string) => Promise<Uint8Array>

const weights = '.safetensors'

/**
 * How to read the files of a student that lies at a URL or path, given as its folder or as its one file.
 * @param fetch reads URLs, and paths too where it is given
 */
export function filesAt(place: string | URL, fetch?: Fetch): { readonly single: boolean; readonly where: string; readonly read: ReadFile } {
  const text = String(place)
  // A query, such as a signature, stays behind the file's name.
  const [, path, query] = /^([^?#]*)(.*)$/s.exec(text) as unknown as [string, string, string]
  const remote = place instanceof URL || /^[a-z][a-z\d+.-]+:/i.test(text)
  const nodeFiles = !fetch && (!remote || /^file:/i.test(text)) && nodeFileSystem()
  const whole = nodeFiles && !remote ? text : path
  const single = whole.endsWith(weights)
  const of = (name: string) => (single ? whole : `${whole.replace(/\/$/, '')}/${name}`)
  if (nodeFiles) return { single, where: text, read: (name) => fromDisk(nodeFiles, remote ? new URL(of(name)) : of(name)) }
  return { single, where: text, read: (name) => fromNetwork(fetch ?? globalThis.fetch, of(name) + query) }
}

interface NodeFileSystem {
  readFile(path: string | URL): Promise<Uint8Array>
}

/** Node's, Deno's or Bun's; undefined in browsers and at the edge. Not an import: bundlers for the web would stumble. */
function nodeFileSystem(): NodeFileSystem | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:fs/promises') as NodeFileSystem | undefined
}

async function fromDisk(files: NodeFileSystem, path: string | URL): Promise<Uint8Array> {
  try {
    return await files.readFile(path)
  } catch (cause) {
    const { code } = cause as { code?: string }
    const absent = code === 'ENOENT' || code === 'ENOTDIR'
    throw new KdError({
      kind: absent ? 'missing' : 'io',
      what: absent ? 'there is no such file' : `reading failed with ${code ?? cause}`,
      where: { file: String(path) },
      fix: 'Give the folder that student.save wrote, or its model.safetensors.',
      cause,
    })
  }
}

async function fromNetwork(fetch: Fetch, url: string): Promise<Uint8Array> {
  const fail = (kind: 'missing' | 'io', what: string, cause?: unknown) =>
    new KdError({ kind, what, where: { file: url }, fix: 'Check the URL and that its host lets this page read it.', cause })
  let response: Response
  try {
    response = await fetch(url)
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw fail('io', `fetching failed: ${(cause as Error).message}`, cause)
  }
  throw fail(response.status === 404 ? 'missing' : 'io', `the host answered ${response.status}`)
}
