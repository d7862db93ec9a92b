import { KdError } from '@kd/core'
import { hubRequest, PassingFailure, reasonOf, withRetries } from './request.ts'
import type { HubSettings } from './settings.ts'

/** A file of a repository, with what its bytes are checked against. */
export interface HubFile {
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** SHA-256 of a large file, else the SHA-1 that git has for it; names it in the cache. */
  readonly hash: string
}

/** A repository at one commit. */
export interface HubRepository {
  readonly commit: string
  readonly files: readonly HubFile[]
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)

/**
 * Asks the hub what a repository holds at a revision.
 * @throws KdError of kind `missing`, `io` or `format`
 */
export async function listRepository(id: string, settings: HubSettings): Promise<HubRepository> {
  const { endpoint, type, revision } = settings
  const url = `${endpoint}/api/${type}s/${id}/revision/${encodeURIComponent(revision)}?blobs=true`
  const about = `${id}@${revision}`
  const json = await withRetries(about, settings, async () => {
    const response = await hubRequest(url, about, settings)
    try {
      return JSON.parse(await response.text()) as unknown
    } catch (cause) {
      if (cause instanceof SyntaxError) throw notARepository(url, 'the answer is not JSON')
      throw new PassingFailure(reasonOf(cause), { cause })
    }
  })
  return parseRepository(json, url)
}

function parseRepository(json: unknown, url: string): HubRepository {
  const { sha, siblings } = (typeof json === 'object' && json !== null ? json : {}) as { sha?: unknown; siblings?: unknown }
  if (typeof sha !== 'string' || !isCommit(sha)) throw notARepository(url, 'the answer names no commit')
  if (!Array.isArray(siblings)) throw notARepository(url, 'the answer lists no files')
  return { commit: sha, files: siblings.map((file) => parseFile(file, url)) }
}

function parseFile(file: unknown, url: string): HubFile {
  const {
    rfilename: path,
    size,
    blobId,
    lfs,
  } = (file ?? {}) as {
    rfilename?: unknown
    size?: unknown
    blobId?: unknown
    lfs?: { sha256?: unknown; size?: unknown } | null
  }
  if (typeof path !== 'string' || path === '' || path.startsWith('/') || /\\|\0/.test(path) || path.split('/').includes('..')) {
    throw notARepository(url, `${JSON.stringify(path)} is no file's name`)
  }
  const hash = lfs?.sha256 ?? blobId
  const bytes = lfs?.size ?? size
  if (typeof hash !== 'string' || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash) || typeof bytes !== 'number' || !(bytes >= 0)) {
    throw notARepository(url, `the answer gives no hash and size of ${path}`)
  }
  return { path, size: bytes, hash }
}

const notARepository = (url: string, what: string) =>
  new KdError({ kind: 'format', what, where: { file: url }, fix: 'Check that the endpoint (HF_ENDPOINT) is a Hugging Face hub.' })
