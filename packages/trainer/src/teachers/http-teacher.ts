import { createHash } from 'node:crypto'
import { type Example, KdError, type Teacher } from '@kd/core'
import { type Answers, answeredLogits } from './answers.ts'
import { alike, checkLabels } from './function-teacher.ts'
import { usualAnswers, usualRequest } from './http-format.ts'
import { Pace, type RequestSettings, requestJson, TooLarge } from './http-request.ts'
import { checkSoftening, type SoftenOptions } from './soft-targets.ts'

export interface HttpKey {
  /** Name of the environment variable that holds the key. */
  readonly env: string
  /** Default: `authorization`. */
  readonly header?: string
  /** Before the key. Default: `Bearer `, nothing in another header than `authorization`. */
  readonly prefix?: string
}

export interface HttpTeacherOptions extends SoftenOptions {
  /** Where texts are sent to, by POST, as JSON. */
  url: string
  /** Two or more different names of classes, as the service has them; in the order of its numbers, where it has no names. */
  labels: readonly string[]
  /** Logits are stored under it: name the model and its version. Default: the URL without its query. */
  name?: string
  /** The key, from the environment: it is in no message and no file. Default: none. */
  key?: HttpKey
  headers?: Readonly<Record<string, string>>
  /** Makes the body. Default: `{ inputs: [text, ...] }`, a pair as `{ text, text_pair }`. */
  request?: (examples: readonly Example[]) => unknown
  /** Finds the answers in what comes back. Default: `{ logits }`, `{ probabilities }`, `{ labels, confidence? }` or lists of `{ label, score }`. */
  answers?: (json: unknown, examples: readonly Example[]) => Answers
  /** Texts of a request, 1 to 10000. Default: 32. One that the service calls too large (413) is halved. */
  batchSize?: number
  /** Requests at once, 1 to 100, where it is asked for more than one request's texts. Default: 4. */
  concurrency?: number
  /** Requests that may begin in a second, repeated ones too. Default: no limit. */
  requestsPerSecond?: number
  /** How long one attempt may take. Default: 30000. */
  timeoutMs?: number
  /** Further attempts after one that failed in a way that may pass. Default: 5. */
  retries?: number
  /** First pause, in milliseconds; each later one is twice as long. Default: 500. */
  backoffMs?: number
}

/**
 * A teacher behind HTTP. With `labelTransferSet({ store })` a run that was stopped, or that failed, goes on where it was:
 * texts whose answers are stored are not sent again. Give `labelTransferSet` a `batchSize` of `batchSize` times
 * `concurrency` to have that many requests under way.
 * @throws KdError of kind `option` at once; its `logits` fail with `io`, `option` where the key is refused, `teacher`
 *   where an answer is unusable, `aborted`
 */
export function httpTeacher(options: HttpTeacherOptions): Teacher {
  const { labels, request = usualRequest, answers = usualAnswers, ...soften } = options
  checkLabels(labels)
  const softening = checkSoftening(soften, labels.length)
  const batchSize = whole(options, 'batchSize', 32, 1, 10_000)
  const concurrency = whole(options, 'concurrency', 4, 1, 100)
  const settings = requestSettings(options)
  const { name = settings.shownUrl } = options
  const who = `teacher ${name}`

  async function ask(examples: readonly Example[], signal: AbortSignal): Promise<Float32Array> {
    try {
      const json = await requestJson(settings, request(examples), signal)
      return answeredLogits(answers(json, examples), examples, labels, who, softening)
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error
      if (examples.length === 1) {
        throw new KdError({
          kind: 'io',
          what: `${settings.shownUrl} calls one text of ${examples[0]!.text.length} characters too large (${error.message})`,
          fix: 'Leave the text out, or shorten it.',
        })
      }
      const half = examples.length >> 1
      const [first, second] = [await ask(examples.slice(0, half), signal), await ask(examples.slice(half), signal)]
      const both = new Float32Array(first.length + second.length)
      both.set(first)
      both.set(second, first.length)
      return both
    }
  }

  return {
    name,
    labels,
    fingerprint: `http:${createHash('sha256')
      .update(JSON.stringify([name, labels, softening]))
      .digest('hex')}`,
    async logits(examples, { signal } = {}) {
      const logits = new Float32Array(examples.length * labels.length)
      // The first failure stops the requests beside it.
      const failed = new AbortController()
      const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
      let next = 0
      const work = async () => {
        while (next < examples.length) {
          const start = next
          next += batchSize
          logits.set(await ask(examples.slice(start, start + batchSize), either), start * labels.length)
        }
      }
      const workers = Array.from({ length: Math.min(concurrency, Math.ceil(examples.length / batchSize)) }, work)
      try {
        await Promise.all(workers)
      } catch (error) {
        failed.abort()
        await Promise.allSettled(workers)
        throw error
      }
      return logits
    },
    lengths: alike,
  }
}

/** Checks what concerns the request itself. */
function requestSettings(options: HttpTeacherOptions): RequestSettings {
  const { key, headers = {}, requestsPerSecond } = options
  const { address, shownUrl } = addressOf(options.url)
  if (requestsPerSecond !== undefined && !(requestsPerSecond > 0)) {
    throw new KdError({ kind: 'option', what: `${requestsPerSecond} is not a number above 0`, where: { option: 'requestsPerSecond' } })
  }
  const secret = () => (key ? process.env[key.env] || undefined : undefined)
  const keyHint = key
    ? `Set the environment variable ${key.env} to a key that is valid.`
    : "Name the environment variable that holds the key: key: { env: 'MY_KEY' }."
  const needed = (): string => {
    const value = secret()
    if (value) return value
    throw new KdError({ kind: 'option', what: `the environment variable ${key!.env} is not set`, where: { option: 'key' }, fix: keyHint })
  }
  if (key) needed()
  const header = key?.header ?? 'authorization'
  const prefix = key?.prefix ?? (header.toLowerCase() === 'authorization' ? 'Bearer ' : '')
  return {
    url: address,
    shownUrl,
    headers: () => ({ ...headers, ...(key && { [header]: `${prefix}${needed()}` }) }),
    secret,
    keyHint,
    timeoutMs: whole(options, 'timeoutMs', 30_000, 1, 3_600_000),
    retries: whole(options, 'retries', 5, 0, 100),
    backoffMs: whole(options, 'backoffMs', 500, 0, 60_000),
    pace: new Pace(requestsPerSecond),
  }
}

function addressOf(url: string): { address: string; shownUrl: string } {
  const fail = (what: string, fix: string): never => {
    throw new KdError({ kind: 'option', what, where: { option: 'url' }, fix })
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    return fail(`${JSON.stringify(url)} is no address`, "Give one such as 'https://example.org/predict'.")
  if (parsed.username || parsed.password)
    return fail('the address holds a password', "Give it by the environment: key: { env: 'MY_KEY', prefix: 'Basic ' }.")
  return { address: parsed.href, shownUrl: `${parsed.origin}${parsed.pathname}` }
}

function whole(
  options: HttpTeacherOptions,
  name: 'batchSize' | 'concurrency' | 'timeoutMs' | 'retries' | 'backoffMs',
  usual: number,
  least: number,
  most: number,
): number {
  const value = options[name] ?? usual
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${least} to ${most}`, where: { option: name } })
}
