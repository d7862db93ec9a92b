import { setTimeout as sleep } from 'node:timers/promises'
import { KdError, Random, throwIfAborted } from '@kd/core'
import { excerpt } from './answers.ts'

/** How one request is sent, and sent again. */
export interface RequestSettings {
  /** What messages call it: without query and password. */
  readonly shownUrl: string
  readonly url: string
  /** Worked out for each attempt: a key may be renewed. */
  readonly headers: () => Record<string, string>
  /** Never shown. */
  readonly secret: () => string | undefined
  readonly keyHint: string
  readonly timeoutMs: number
  readonly retries: number
  readonly backoffMs: number
  readonly pace: Pace
}

/** No pause is longer, whatever the server asks for. */
const longestPauseMs = 60_000
const mayPass = new Set([408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529])

/** A body that was larger than the server takes. */
export class TooLarge extends Error {}

/** What may pass: another attempt is worth it. */
class Passing extends Error {
  readonly pauseMs: number | undefined

  constructor(message: string, { pauseMs, cause }: { pauseMs?: number; cause?: unknown } = {}) {
    super(message, { cause })
    this.pauseMs = pauseMs
  }
}

/**
 * Sends a JSON body and gives back the JSON that comes. What may pass (a broken connection, a time-out, 429, 5xx, an
 * answer cut short) is tried again, after pauses that double from `backoffMs`, half of each at random, or as long as
 * `Retry-After` says.
 * @throws KdError of kind `io`, `option` where the key is refused, `aborted`; TooLarge
 */
export async function requestJson(settings: RequestSettings, body: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  const { retries, backoffMs, pace, shownUrl } = settings
  const text = JSON.stringify(body)
  // Pauses need to differ between processes, not to be repeatable.
  const random = new Random(Date.now(), 'backoff')
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(signal)
    await pace.turn(signal)
    try {
      return await attemptOnce(settings, text, signal)
    } catch (error) {
      if (!(error instanceof Passing)) throw error
      if (attempt === retries) {
        throw new KdError({
          kind: 'io',
          what: `${shownUrl} failed ${attempt + 1} times, at last with ${error.message}`,
          fix: 'Check the service and the network, and run again: with a store it goes on where it was.',
          cause: error.cause ?? error,
        })
      }
      const usual = Math.min(longestPauseMs, backoffMs * 2 ** attempt) * (0.5 + random.uniform() / 2)
      await pause(Math.min(longestPauseMs, error.pauseMs ?? usual), signal)
    }
  }
}

async function attemptOnce(settings: RequestSettings, body: string, signal: AbortSignal | undefined): Promise<unknown> {
  const { url, shownUrl, headers, timeoutMs, keyHint } = settings
  const timeout = AbortSignal.timeout(timeoutMs)
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers() },
      body,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    text = await response.text()
  } catch (cause) {
    if (KdError.isInstance(cause)) throw cause
    throwIfAborted(signal)
    if (timeout.aborted) throw new Passing(`no answer within ${timeoutMs} ms`, { cause })
    throw new Passing(reasonOf(cause), { cause })
  }
  const { status } = response
  if (response.ok) {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new Passing(`an answer that is not JSON: ${hidden(text, settings)}`, { cause })
    }
  }
  if (mayPass.has(status)) throw new Passing(`status ${status}`, { pauseMs: retryAfter(response.headers.get('retry-after')) })
  if (status === 413) throw new TooLarge(`status ${status}`)
  if (status === 401 || status === 403) {
    throw new KdError({ kind: 'option', what: `${shownUrl} refuses the key with status ${status}`, where: { option: 'key' }, fix: keyHint })
  }
  throw new KdError({
    kind: 'io',
    what: `${shownUrl} answered with status ${status}${text.trim() ? `: ${hidden(text.trim(), settings)}` : ''}`,
    fix: 'Check the address, and what the service expects: `request` makes the body.',
  })
}

/** What fetch says of a broken connection hides in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  return cause ? (cause.code ?? cause.message) : message
}

/** The beginning of an answer, which may repeat the key. */
function hidden(text: string, { secret }: RequestSettings): string {
  const key = secret()
  return excerpt(key ? text.replaceAll(key, '…') : text)
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined
  const milliseconds = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal })
  } catch {
    throwIfAborted(signal)
  }
}

/** Spreads requests out: no more than so many begin in a second. */
export class Pace {
  readonly #intervalMs: number
  #next = 0

  constructor(requestsPerSecond = Number.POSITIVE_INFINITY) {
    this.#intervalMs = 1000 / requestsPerSecond
  }

  async turn(signal: AbortSignal | undefined): Promise<void> {
    const now = performance.now()
    const mine = Math.max(now, this.#next)
    this.#next = mine + this.#intervalMs
    if (mine > now) await pause(mine - now, signal)
  }
}
