import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KdError, type OnProgress } from '@kd/core'
import { type Disk, nodeDisk } from './disk.ts'

export interface HubOptions {
  /** What kind of repository it is. Default: `model`. */
  type?: 'model' | 'dataset'
  /** Branch, tag or commit. Default: `main`. A commit, once downloaded, is never asked for again. */
  revision?: string
  /** Folder of the cache, laid out as Python's and shared with it. Default: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub`. */
  cache?: string
  /** Only what is in the cache, no network. Default: whether `HF_HUB_OFFLINE` is set to 1. */
  offline?: boolean
  /** Access token; `false` for none. Default: `HF_TOKEN`, else the file that `hf auth login` wrote. */
  token?: string | false
  /** Default: `HF_ENDPOINT`, else `https://huggingface.co`. */
  endpoint?: string
  /** How often a request that failed for the moment is repeated; bytes that came start the count anew. Default: 5. */
  retries?: number
  /** Milliseconds before the first repetition, doubled for each further one. Default: 500. */
  backoff?: number
  /** Milliseconds without a byte after which a connection counts as broken. Default: 30,000. */
  timeout?: number
  signal?: AbortSignal
  /** Bytes of each file as they come: stage `read`. */
  onProgress?: OnProgress
  /** For tests. Default: the machine's. */
  disk?: Disk
}

/** Options with everything decided. */
export interface HubSettings {
  readonly type: 'model' | 'dataset'
  readonly revision: string
  readonly cache: string
  readonly offline: boolean
  readonly token: string | undefined
  readonly endpoint: string
  readonly retries: number
  readonly backoff: number
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
  readonly disk: Disk
}

/** @throws KdError of kind `option` */
export async function hubSettings(options: HubOptions): Promise<HubSettings> {
  const { env } = process
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface')
  const { revision = 'main', retries = 5, backoff = 500, timeout = 30_000, token = env.HF_TOKEN } = options
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(revision) || revision.split('/').includes('..')) {
    throw new KdError({ kind: 'option', what: `${JSON.stringify(revision)} is no branch, tag or commit`, where: { option: 'revision' } })
  }
  for (const [option, value] of Object.entries({ retries, backoff, timeout })) {
    if (!(Number.isFinite(value) && value >= 0)) {
      throw new KdError({ kind: 'option', what: `${value} is not a number from 0`, where: { option } })
    }
  }
  return {
    type: options.type ?? 'model',
    revision,
    cache: options.cache ?? env.HF_HUB_CACHE ?? join(home, 'hub'),
    offline: options.offline ?? /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    token: token === false ? undefined : (token ?? (await storedToken(env.HF_TOKEN_PATH ?? join(home, 'token')))),
    endpoint: (options.endpoint ?? env.HF_ENDPOINT ?? 'https://huggingface.co').replace(/\/+$/, ''),
    retries,
    backoff,
    timeout,
    signal: options.signal,
    onProgress: options.onProgress,
    disk: options.disk ?? nodeDisk,
  }
}

const storedToken = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim() || undefined,
    () => undefined,
  )
