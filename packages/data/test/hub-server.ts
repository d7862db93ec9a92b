import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What goes wrong with one request. */
export interface Fault {
  /** Answer this status instead. */
  status?: number
  headers?: Record<string, string>
  /** Break the connection after so many bytes of the body. */
  breakAfter?: number
  /** Send nothing after so many bytes, and leave the connection open. */
  stallAfter?: number
  /** End the body after so many bytes, as if that were all. */
  cutTo?: number
  /** Send other bytes of the same length. */
  damage?: boolean
  /** Send all, whatever range was asked for. */
  noRanges?: boolean
  /** Send these bytes behind the file's own. */
  append?: Uint8Array
}

/** A request as it was seen. */
export interface Seen {
  readonly at: 'hub' | 'cdn'
  readonly path: string
  readonly range?: string
  readonly authorization?: string
}

/** Files above this many bytes are kept in LFS: named by SHA-256, served by another host. */
const smallest = 1000

/**
 * A local server that behaves like the Hugging Face hub: a repository's listing, small files from itself, large ones by a
 * redirect to a second origin, ranges, tokens, and faults that tests put in.
 */
export class HubServer {
  readonly seen: Seen[] = []
  /** Faults for a path (of the listing: `api`), one request each, in order. */
  readonly faults = new Map<string, Fault[]>()
  commit = 'a'.repeat(40)
  /** Where set, requests without this token are refused. */
  token: string | undefined
  endpoint = ''
  readonly #id: string
  readonly #files: Map<string, Uint8Array>
  readonly #servers: Server[] = []
  #cdn = ''

  private constructor(id: string, files: Readonly<Record<string, Uint8Array | string>>) {
    this.#id = id
    this.#files = new Map(Object.entries(files).map(([path, contents]) => [path, Buffer.from(contents)]))
  }

  static async start(id: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<HubServer> {
    const hub = new HubServer(id, files)
    hub.endpoint = await hub.#listen((request, response) => hub.#asHub(request, response))
    hub.#cdn = await hub.#listen((request, response) => hub.#asCdn(request, response))
    return hub
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  /** The paths of files that were asked for, of the hub's own listing `api`. */
  get asked(): string[] {
    return this.seen.filter(({ at }) => at === 'hub').map(({ path }) => path)
  }

  fail(path: string, ...faults: Fault[]): void {
    this.faults.set(path, faults)
  }

  async #listen(handle: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
    const server = createServer(handle)
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  #asHub(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url!, this.endpoint)
    const api = /^\/api\/(model|dataset)s\/(.+)\/revision\/([^/]+)$/.exec(url.pathname)
    const file = /^\/(?:datasets\/)?(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname)
    const path = api ? 'api' : decodeURIComponent(file?.[3] ?? url.pathname)
    this.#note('hub', path, request)
    if (this.token && request.headers.authorization !== `Bearer ${this.token}`) {
      return end(response, 401, { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' })
    }
    if ((api?.[2] ?? file?.[1]) !== this.#id) return end(response, 404, { 'x-error-code': 'RepoNotFound' })
    const revision = decodeURIComponent(api?.[3] ?? file?.[2] ?? '')
    if (!['main', this.commit].includes(revision)) return end(response, 404, { 'x-error-code': 'RevisionNotFound' })
    const bytes = this.#files.get(path)
    if (bytes && bytes.length > smallest) return end(response, 302, { location: `${this.#cdn}/${encodeURI(path)}?signature=1` })
    const fault = this.faults.get(path)?.shift() ?? {}
    if (fault.status) return end(response, fault.status, fault.headers)
    if (api) return send(response, Buffer.from(JSON.stringify(this.#listing())), undefined, fault)
    if (!bytes) return end(response, 404, { 'x-error-code': 'EntryNotFound' })
    return send(response, bytes, request.headers.range, fault)
  }

  #asCdn(request: IncomingMessage, response: ServerResponse): unknown {
    const path = decodeURI(new URL(request.url!, this.#cdn).pathname.slice(1))
    this.#note('cdn', path, request)
    const fault = this.faults.get(path)?.shift() ?? {}
    if (fault.status) return end(response, fault.status, fault.headers)
    return send(response, this.#files.get(path)!, request.headers.range, fault)
  }

  #note(at: Seen['at'], path: string, { headers }: IncomingMessage): void {
    this.seen.push({ at, path, range: headers.range, authorization: headers.authorization })
  }

  #listing(): object {
    const siblings = [...this.#files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
      ...(bytes.length > smallest && {
        lfs: { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 134 },
      }),
    }))
    return { id: this.#id, sha: this.commit, siblings }
  }
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): unknown {
  return response.writeHead(status, headers).end()
}

function send(response: ServerResponse, bytes: Uint8Array, range: string | undefined, fault: Fault): unknown {
  const start = fault.noRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  if (start > 0 && start >= bytes.length) return end(response, 416)
  let body = Buffer.concat([bytes.subarray(start), fault.append ?? new Uint8Array(0)])
  if (fault.damage) body = body.map((byte) => byte ^ 1) as typeof body
  if (fault.cutTo !== undefined) body = body.subarray(0, fault.cutTo)
  const stop = fault.breakAfter ?? fault.stallAfter
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': body.length,
    ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  })
  if (stop === undefined) return response.end(body)
  // A moment later, so that the bytes arrive before the break.
  return response.write(body.subarray(0, stop), () => fault.breakAfter !== undefined && setTimeout(() => response.destroy(), 100))
}
