import { mkdtempSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError } from '@kd/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Mischief, proper, type UnrulyServer, unrulyServer } from '../../fixtures/unruly-server.ts'
import { labelTransferSet } from '../labelling/label-transfer-set.ts'
import { type HttpTeacherOptions, httpTeacher } from './http-teacher.ts'

let server: UnrulyServer
beforeEach(async () => {
  server = await unrulyServer()
  process.env.KD_TEST_KEY = 'a-secret-key'
})
afterEach(() => {
  delete process.env.KD_TEST_KEY
  return server.close()
})

const quick = { labels: ['no', 'yes'], backoffMs: 1, retries: 3 }
const teacher = (options: Partial<HttpTeacherOptions> = {}) => httpTeacher({ url: server.url, ...quick, ...options })
const texts = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ text: `text ${'x'.repeat((from + index) % 10)}` }))
const distinct = (count: number) => Array.from({ length: count }, (_, index) => ({ text: `text ${index}` }))
const expected = (examples: readonly { text: string }[]) => examples.flatMap(({ text }) => [-text.length, text.length])

async function failure(work: () => Promise<unknown>): Promise<KdError> {
  try {
    await work()
  } catch (error) {
    if (KdError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const status =
  (code: number, body = '', headers: Record<string, string> = {}): ((response: ServerResponse) => void) =>
  (response) =>
    void response.writeHead(code, headers).end(body)

describe('a service that answers', () => {
  it('gets texts in requests of batchSize, in order, so many at once', async () => {
    server.mischief = (response, sent) => void setTimeout(() => response.end(JSON.stringify(proper(sent.texts))), 20 + sent.texts.length)
    const examples = texts(50)
    expect([...(await teacher({ batchSize: 8, concurrency: 3 }).logits(examples))]).toEqual(expected(examples))
    expect(server.sent.map(({ texts }) => texts.length)).toEqual([8, 8, 8, 8, 8, 8, 2])
    expect(server.most).toBe(3)
    expect((await teacher().logits([])).length).toBe(0)
  })

  it('gets the key from the environment, as it is then, and other headers', async () => {
    const asked = teacher({ key: { env: 'KD_TEST_KEY' }, headers: { 'x-model': 'm' } })
    await asked.logits(texts(1))
    process.env.KD_TEST_KEY = 'a-new-key'
    await asked.logits(texts(1))
    await teacher({ key: { env: 'KD_TEST_KEY', header: 'x-api-key' } }).logits(texts(1))
    expect(server.sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer a-secret-key', 'Bearer a-new-key', undefined])
    expect([server.sent[0]!.headers['x-model'], server.sent[2]!.headers['x-api-key']]).toEqual(['m', 'a-new-key'])
  })

  it.each<[string, (texts: readonly string[]) => unknown, number]>([
    ['probabilities', (texts) => ({ probabilities: texts.map(() => [0.2, 0.8]) }), Math.log(4)],
    ['labels with confidence', (texts) => ({ labels: texts.map(() => 'yes'), confidence: texts.map(() => 0.8) }), Math.log(4)],
    ['labels', (texts) => ({ labels: texts.map(() => 1) }), Math.log(9)],
    [
      'scores of all classes',
      (texts) =>
        texts.map(() => [
          { label: 'yes', score: 0.8 },
          { label: 'no', score: 0.2 },
        ]),
      Math.log(4),
    ],
    ['the best score', (texts) => texts.map(() => ({ label: 'yes', score: 0.8 })), Math.log(4)],
  ])('may give %s', async (_, answer, margin) => {
    server.answer = answer
    const logits = await teacher().logits(texts(3))
    for (let row = 0; row < 3; row++) expect(logits[2 * row + 1]! - logits[2 * row]!).toBeCloseTo(margin, 5)
  })

  it('may speak another format', async () => {
    server.answer = (texts) => ({ outputs: texts.map((text) => ({ verdict: text.includes('x') ? 'YES' : 'NO' })) })
    const asked = teacher({
      request: (examples) => ({ inputs: examples.map(({ text }) => text), model: 'large' }),
      answers: (json) => ({ labels: (json as { outputs: { verdict: string }[] }).outputs.map(({ verdict }) => verdict.toLowerCase()) }),
    })
    const logits = await asked.logits([{ text: 'x' }, { text: 'o' }])
    expect([logits[1]! > 0, logits[3]! > 0]).toEqual([true, false])
  })

  it('is asked no more often than requestsPerSecond', async () => {
    const began = performance.now()
    await teacher({ batchSize: 1, concurrency: 10, requestsPerSecond: 50 }).logits(texts(6))
    expect(performance.now() - began).toBeGreaterThan(5 * 20 * 0.95)
    expect(server.sent.length).toBe(6)
  })

  it('is sent one text at a time where it calls more too large', async () => {
    server.mischief = (response, { texts }) => (texts.length > 2 ? status(413)(response) : 'answer')
    const examples = distinct(9)
    expect([...(await teacher().logits(examples))]).toEqual(expected(examples))
    server.mischief = status(413)
    expect((await failure(() => teacher().logits(examples))).message).toMatch(/calls one text of 6 characters too large/)
  })
})

describe('a failure that may pass is tried again', () => {
  const passing: [string, Mischief][] = [
    ['500', status(500)],
    ['502', status(502, '<html>')],
    ['503 with Retry-After', status(503, '', { 'retry-after': '0' })],
    ['429', status(429, '', { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' })],
    ['a broken connection', (response) => void response.destroy()],
    ['half a head', (response) => void response.socket?.end('HTTP/1.1 200 O')],
    [
      'an answer cut short',
      (response) => void response.writeHead(200, { 'content-length': '1000' }).write('{"log', () => response.destroy()),
    ],
    ['a page instead of JSON', status(200, '<html>busy</html>')],
    ['no answer in time', () => undefined],
    ['an answer that never ends', (response) => void response.write('{"logits":')],
  ]
  /** Only what waits for the time-out needs a short one: a busy machine must not run into it. */
  const timeoutFor = (name: string) => (/in time|never ends/.test(name) ? 300 : 20_000)

  it.each(passing)('%s', async (name, mischief) => {
    const examples = texts(5)
    let count = 0
    server.mischief = (response, sent) => (count++ < 2 ? mischief(response, sent, count) : 'answer')
    const asked = teacher({ timeoutMs: timeoutFor(name), retries: 10 })
    expect([...(await asked.logits(examples))]).toEqual(expected(examples))
    expect(count).toBeGreaterThanOrEqual(3)
  })

  it.each(passing)('%s, without end: one KdError', async (name, mischief) => {
    server.mischief = mischief
    const error = await failure(() => teacher({ timeoutMs: timeoutFor(name), retries: 2 }).logits(texts(5)))
    expect(error.kind).toBe('io')
    expect(error.message).toMatch(/predict failed 3 times, at last with/)
    expect(error.message).not.toMatch(/secret/)
  })

  it('waits as long as Retry-After says', async () => {
    server.mischief = (response, _, count) => (count === 0 ? status(429, '', { 'retry-after': '1' })(response) : 'answer')
    await teacher().logits(texts(1))
    const [first, second] = server.sent
    expect(second!.at - first!.at).toBeGreaterThan(900)
  })

  it('pauses grow', async () => {
    server.mischief = status(500)
    await failure(() => teacher({ backoffMs: 40, retries: 3 }).logits(texts(1)))
    const gaps = server.sent.slice(1).map(({ at }, index) => at - server.sent[index]!.at)
    expect(gaps[0]).toBeGreaterThan(15)
    expect(gaps[2]).toBeGreaterThan(75)
  })

  it('no service at all', async () => {
    const { url } = server
    await server.close()
    const error = await failure(() => teacher({ url, retries: 1 }).logits(texts(1)))
    expect([error.kind, error.message]).toEqual(['io', expect.stringMatching(/failed 2 times, at last with ECONNREFUSED/)])
  })
})

describe('a failure that stays is not', () => {
  it.each<[string, Mischief, KdError['kind'], RegExp]>([
    [
      '401',
      status(401, 'a-secret-key is not known'),
      'option',
      /refuses the key with status 401.*Set the environment variable KD_TEST_KEY/,
    ],
    ['403', status(403), 'option', /status 403/],
    ['400', status(400, 'inputs? a-secret-key!'), 'io', /status 400: "inputs\? …!"/],
    ['404', status(404), 'io', /status 404/],
    ['501', status(501), 'io', /status 501/],
    ['too few answers', status(200, '{"labels":["yes"]}'), 'teacher', /1 answers for 5 texts/],
    ['numbers that are none', status(200, '{"logits":[[1,2],[1,null],[1,2],[1,2],[1,2]]}'), 'teacher', /are not 2 finite logits/],
    ['an error in words', status(200, '{"error":"loading"}'), 'teacher', /holds no logits/],
    ['null', status(200, 'null'), 'teacher', /gave null/],
    [
      'a strange label',
      status(200, JSON.stringify(texts(5).map(() => [{ label: 'LABEL_0', score: 1 }]))),
      'teacher',
      /"LABEL_0" is none of no, yes/,
    ],
  ])('%s', async (_, mischief, kind, message) => {
    server.mischief = mischief
    const error = await failure(() => teacher({ key: { env: 'KD_TEST_KEY' } }).logits(texts(5)))
    expect([error.kind, server.sent.length, error.fix === undefined]).toEqual([kind, 1, false])
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/a-secret-key|query/)
  })

  it('stops the requests beside it', async () => {
    server.mischief = (response, _, count) => (count === 2 ? status(400)(response) : undefined)
    const error = await failure(() => teacher({ batchSize: 1, concurrency: 3 }).logits(texts(9)))
    expect(error.message).toMatch(/status 400/)
    expect(server.sent.length).toBe(3)
  })
})

describe('stopping', () => {
  it.each<[string, Mischief, number]>([
    ['while the service is silent', () => undefined, 1],
    ['between attempts', status(500), 60_000],
  ])('%s', async (_, mischief, backoffMs) => {
    const controller = new AbortController()
    server.mischief = (response, sent, count) => {
      setTimeout(() => controller.abort(), 30)
      return mischief(response, sent, count)
    }
    const error = await failure(() => teacher({ backoffMs }).logits(texts(3), { signal: controller.signal }))
    expect([error.kind, server.sent.length]).toEqual(['aborted', 1])
  })

  it('goes on where it failed: no stored text is sent again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kd-http-'))
    const store = join(folder, 'logits.lmdb')
    const examples = distinct(100)
    server.mischief = (response, _, count) => (count === 5 ? status(404)(response) : 'answer')
    const options = { store, batchSize: 20 }
    const asked = teacher({ batchSize: 10, concurrency: 2 })
    expect((await failure(() => labelTransferSet(examples, asked, options))).kind).toBe('io')
    const kept = server.sent.slice(0, 4).flatMap(({ texts }) => texts)
    server.sent.length = 0
    server.mischief = () => 'answer'
    const labelled = await labelTransferSet(examples, asked, options)
    expect([...labelled.logits]).toEqual(expected(examples))
    expect(labelled.counts.stored).toBe(40)
    const again = server.sent.flatMap(({ texts }) => texts)
    expect([again.length, again.filter((text) => kept.includes(text))]).toEqual([60, []])
    rmSync(folder, { recursive: true })
  })
})

describe('options', () => {
  it.each<[string, Partial<HttpTeacherOptions>, RegExp?]>([
    ['url', { url: 'localhost:8080' }],
    ['url', { url: 'nowhere' }],
    ['url', { url: 'https://user:password@example.org/' }, /holds a password/],
    ['labels', { labels: ['yes'] }],
    ['key', { key: { env: 'KD_TEST_NO_KEY' } }, /KD_TEST_NO_KEY is not set/],
    ['batchSize', { batchSize: 0 }],
    ['concurrency', { concurrency: 101 }],
    ['requestsPerSecond', { requestsPerSecond: 0 }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['retries', { retries: 1.5 }],
    ['backoffMs', { backoffMs: -1 }],
    ['floor', { floor: 0.5 }],
  ])('%s is checked at once: %o', async (option, change, message = /./) => {
    const error = await failure(async () => teacher(change))
    expect([error.kind, error.where.option]).toEqual(['option', option])
    expect(error.message).toMatch(message)
  })

  it('name and fingerprint', () => {
    expect(teacher().name).toBe(server.url.split('?')[0])
    expect(teacher().fingerprint).not.toBe(teacher({ confidence: 0.8 }).fingerprint)
    expect(teacher({ name: 'model@3' }).name).toBe('model@3')
  })
})
