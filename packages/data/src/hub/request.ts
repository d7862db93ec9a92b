import { setTimeout as sleep } from 'node:timers/promises'
import { KdError, throwIfAborted } from '@kd/core'
import type { HubSettings } from './settings.ts'

/** Seconds that a hub may ask to wait; beyond it, waiting is the user's decision. */
const longestWait = 300

/** A failure that may be over in a moment: the network, an overloaded hub. */
export class PassingFailure extends Error {
  /** Seconds that the hub asks to wait. */
  readonly wait: number | undefined

  constructor(message: string, options?: { wait?: number; cause?: unknown }) {
    super(message, { cause: options?.cause })
    this.wait = options?.wait
  }
}

/**
 * One request, followed through redirects; the token goes to the hub alone (`fetch` drops it on the way to another host).
 * @param about names what is asked for in errors
 * @throws PassingFailure, or KdError of kind `missing`, `io` or `aborted`
 */
export async function hubRequest(
  url: string,
  about: string,
  settings: HubSettings,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { token, signal, timeout } = settings
  throwIfAborted(signal)
  let response: Response
  try {
    const limits = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]
    // The time limit is for the answer's beginning: `body` is read under one of its own.
    response = await fetchWithin(
      url,
      { headers: { 'accept-encoding': 'identity', ...headers, ...(token && { authorization: `Bearer ${token}` }) } },
      limits,
    )
  } catch (cause) {
    throwIfAborted(signal)
    throw new PassingFailure(reasonOf(cause), { cause })
  }
  if (response.ok) return response
  await response.body?.cancel().catch(() => {})
  throw refusal(response, url, about, settings)
}

async function fetchWithin(url: string, init: RequestInit, limits: AbortSignal[]): Promise<Response> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  for (const limit of limits) {
    if (limit.aborted) stop()
    limit.addEventListener('abort', stop, { once: true })
  }
  try {
    return await fetch(url, { ...init, signal: controller.signal })
  } finally {
    for (const limit of limits) limit.removeEventListener('abort', stop)
  }
}

/** The innermost reason of a failed `fetch`, such as `ECONNREFUSED`. */
export function reasonOf(cause: unknown): string {
  let reason = cause
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause
  const { code, name, message } = reason as { code?: unknown; name?: string; message?: string }
  return typeof code === 'string' ? code : name === 'AbortError' ? 'no answer in time' : (message ?? String(reason))
}

function refusal(response: Response, url: string, about: string, { token, endpoint }: HubSettings): PassingFailure | KdError {
  const { status, headers } = response
  const detail = headers.get('x-error-message') ?? headers.get('x-error-code')
  const answer = `${new URL(response.url || url).host} answers ${status} to ${about}${detail ? `: ${detail}` : ''}`
  if (status === 429 || status === 408 || status >= 500) {
    const wait = secondsOf(headers.get('retry-after'))
    if (wait === undefined || wait <= longestWait) return new PassingFailure(answer, { wait })
    return new KdError({
      kind: 'io',
      what: `${answer}; it asks to wait ${wait} seconds`,
      where: { file: url },
      fix: 'Try again later, with a token (HF_TOKEN) for a higher limit.',
    })
  }
  if (status === 401 || status === 403) {
    const access = token ? 'The token may not read it' : 'It may not exist, or it is private or gated'
    return new KdError({
      kind: 'io',
      what: answer,
      where: { file: url },
      fix: `${access}: check the name, accept its terms on ${endpoint}, and set HF_TOKEN to a token that may read it.`,
    })
  }
  if (status === 404) {
    return new KdError({ kind: 'missing', what: answer, where: { file: url }, fix: 'Check the name and the revision.' })
  }
  return new KdError({ kind: 'io', what: answer, where: { file: url }, fix: `Check the endpoint ${endpoint}.` })
}

/** `Retry-After`: seconds, or a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}

/**
 * Does `work` again while it fails for the moment, later and later.
 * @param work called with a function that starts the count anew
 * @throws KdError of kind `io` once it has failed too often, or what `work` throws
 */
export async function withRetries<T>(about: string, settings: HubSettings, work: (gotOn: () => void) => Promise<T>): Promise<T> {
  let failures = 0
  for (;;) {
    try {
      return await work(() => {
        failures = 0
      })
    } catch (cause) {
      if (!(cause instanceof PassingFailure)) throw cause
      if (failures >= settings.retries) {
        throw new KdError({
          kind: 'io',
          what: `fetching ${about} failed ${failures + 1} times, at last with: ${cause.message}`,
          where: { file: settings.endpoint },
          fix: 'Check the network and try again: what came so far is kept. With HF_HUB_OFFLINE=1 only the cache is used.',
          cause,
        })
      }
      const wait = cause.wait === undefined ? settings.backoff * 2 ** failures : cause.wait * 1000
      failures++
      await sleep(wait, undefined, { signal: settings.signal }).catch(() => {})
      throwIfAborted(settings.signal)
    }
  }
}
