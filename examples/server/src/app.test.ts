import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RuntimeStudent } from '@kd/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from './app.ts'
import { limits } from './schema.ts'
import { loadFrom } from './student-folder.ts'
import { saveTinyStudent } from './tiny-student.ts'

let folder: string
let student: RuntimeStudent
let server: ReturnType<typeof createApp>['server']
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-server-'))
  await saveTinyStudent(join(folder, 'student'))
  student = await loadFrom(join(folder, 'student'))
  ;({ server } = createApp({ student, logLevel: 'silent' }))
}, 60_000)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const post = (payload: string | object, headers: Record<string, string> = {}) =>
  server.inject({ method: 'POST', url: '/predict', payload, headers: { 'content-type': 'application/json', ...headers } })

test('one text, several texts: what the student says', async () => {
  const { label, probability, probabilities } = student.predict('a warm film')
  const [negative, positive] = probabilities
  const answer = { label, probability, probabilities: { negative, positive } }
  const one = await post({ text: 'a warm film' })
  expect([one.statusCode, one.json()]).toEqual([200, answer])
  const several = await post({ texts: ['a warm film', '', 'a dull film'] })
  expect(several.statusCode).toBe(200)
  expect(several.json().predictions).toHaveLength(3)
  expect(several.json().predictions[0]).toEqual(answer)
})

describe('what it refuses, and how it says so', () => {
  const json = { 'content-type': 'application/json' }
  test.each<[name: string, status: number, body: string, headers: Record<string, string>, error: object]>([
    ['no JSON', 400, '{"text": ', json, { what: 'the body is not JSON' }],
    ['nothing', 400, '', json, { what: 'the body is empty' }],
    ['a form', 415, 'text=a', { 'content-type': 'application/x-www-form-urlencoded' }, { what: 'the content is not JSON' }],
    ['an array', 400, '["a"]', json, { where: 'body', what: expect.stringContaining('another type') }],
    ['a number', 400, '{"text": 1}', json, { where: 'body/text', what: expect.stringContaining('another type') }],
    ['neither', 400, '{}', json, { where: 'body', what: 'it has neither text nor texts' }],
    ['both', 400, '{"text": "a", "texts": ["b"]}', json, { where: 'body', what: 'it has text and texts' }],
    ['another field', 400, '{"txt": "a"}', json, { where: 'body', what: 'it knows no txt' }],
    ['prototype pollution', 400, '{"__proto__": {"text": "a"}}', json, { what: expect.any(String) }],
    ['no text', 400, '{"texts": []}', json, { where: 'body/texts', what: 'it holds no text' }],
    ['a null', 400, '{"texts": ["a", null]}', json, { where: 'body/texts/1' }],
    [
      'too many texts',
      400,
      JSON.stringify({ texts: new Array(limits.texts + 1).fill('a') }),
      json,
      { where: 'body/texts', what: 'it holds more than 256 texts' },
    ],
    [
      'too long a text',
      400,
      JSON.stringify({ text: 'a'.repeat(limits.characters + 1) }),
      json,
      { where: 'body/text', what: 'it has more than 10000 characters' },
    ],
    ['too many bytes', 413, JSON.stringify({ text: 'a'.repeat(limits.bytes) }), json, { what: 'the body has more than 1000000 bytes' }],
  ])('%s: %i', async (_, status, body, headers, error) => {
    const response = await server.inject({ method: 'POST', url: '/predict', payload: body, headers })
    expect(response.statusCode).toBe(status)
    expect(response.json()).toEqual({ error: expect.objectContaining({ fix: expect.any(String), ...error }) })
  })

  test('another route or method: 404 with the routes', async () => {
    for (const [method, url] of [
      ['GET', '/predict'],
      ['GET', '/'],
    ] as const) {
      const response = await server.inject({ method, url })
      expect(response.statusCode).toBe(404)
      expect(response.json().error.fix).toContain('POST /predict')
    }
  })
})

test('above capacity: 503 with Retry-After at once; what was taken is answered', async () => {
  const { server } = createApp({ student, capacity: 4, logLevel: 'silent' })
  const ask = () => server.inject({ method: 'POST', url: '/predict', payload: { text: 'a film' } })
  const responses = await Promise.all(Array.from({ length: 50 }, ask))
  const statuses = responses.map(({ statusCode }) => statusCode)
  expect(new Set(statuses)).toEqual(new Set([200, 503]))
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4)
  const refused = responses.find(({ statusCode }) => statusCode === 503)!
  expect(refused.headers['retry-after']).toBe('1')
  expect(refused.json().error.what).toContain('more to do')
  expect((await ask()).statusCode).toBe(200)
  const batch = await server.inject({ method: 'POST', url: '/predict', payload: { texts: ['1', '2', '3', '4', '5'] } })
  expect(batch.statusCode).toBe(200)
  const { payload } = await server.inject('/metrics')
  const count = statuses.filter((status) => status === 503).length
  expect(payload).toContain(`kd_refused_requests_total ${count}`)
  await server.close()
})

test('a student that fails: 500 without its secrets', async () => {
  const failing = {
    ...{ labels: student.labels, task: undefined, engine: student.engine },
    predict: () => {
      throw new Error('secret')
    },
  }
  const { server } = createApp({ student: failing, logLevel: 'silent' })
  const response = await server.inject({ method: 'POST', url: '/predict', payload: { text: 'a' } })
  expect(response.statusCode).toBe(500)
  expect(response.payload).not.toContain('secret')
  expect((await server.inject('/health')).statusCode).toBe(200)
  await server.close()
})

test('health, schema, metrics', async () => {
  expect((await server.inject('/health')).json()).toMatchObject({ status: 'ok', labels: ['negative', 'positive'], waiting: 0 })
  expect((await server.inject('/schema')).json().request.properties.texts.maxItems).toBe(limits.texts)
  const { payload, headers } = await server.inject('/metrics')
  expect(headers['content-type']).toContain('version=0.0.4')
  expect(payload).toMatch(/^kd_predicted_texts_total\{label="\w+"\} \d+$/m)
  expect(payload).toContain('kd_request_seconds_count{route="/predict",status="200"} 2')
  expect(payload).toContain('kd_queue_texts 0')
  expect(payload).toMatch(/^process_resident_memory_bytes \d+/m)
})
