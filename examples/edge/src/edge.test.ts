import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load, Vocabulary } from '@kd/runtime'
import { bilstm, createStudent } from '@kd/students'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorker } from './build.ts'
import { limits } from './handler.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

let folder: string
let edge: Workerd
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-edge-'))
  const student = await createStudent(bilstm({ hidden: 8, dense: 8, dimensions: 8 }), {
    labels: ['negative', 'positive'],
    vocabulary: Vocabulary.build(['a warm and clever little film', 'a dull film']),
    seed: 1,
  })
  await student.save(join(folder, 'saved'))
  student.dispose()
  await buildWorker(join(folder, 'saved'), join(folder, 'worker'))
  edge = await startWorkerd(join(folder, 'worker'), 0)
}, 60_000)
afterAll(async () => {
  edge.child.kill()
  await rm(folder, { recursive: true })
})

const post = (body: string, method = 'POST') => fetch(`${edge.url}/predict`, { method, body })

test('in workerd: what the runtime says in Node', async () => {
  const here = await load(await readFile(join(folder, 'worker', 'model.safetensors')))
  const texts = ['a warm film', '', "it isn't DULL — it's clever"]
  for (const text of texts) {
    const response = await fetch(`${edge.url}/predict?text=${encodeURIComponent(text)}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(here.predict(text))
  }
  expect(await (await post(JSON.stringify({ text: texts[0] }))).json()).toEqual(here.predict(texts[0]!))
  expect(await (await post(JSON.stringify({ texts }))).json()).toEqual({ predictions: here.predictBatch(texts) })
})

test.each<[status: number, body: string, error: string]>([
  [400, '{', 'not JSON'],
  [400, '7', 'it takes {"text"'],
  [400, 'null', 'it takes {"text"'],
  [400, '{"text": 7}', 'it takes {"text"'],
  [400, '{"text": "a", "texts": ["b"]}', 'not both'],
  [400, '{"texts": []}', '1 to 64'],
  [400, JSON.stringify({ texts: new Array(limits.texts + 1).fill('a') }), '1 to 64'],
  [400, '{"texts": ["a", 7]}', 'texts[1]'],
  [400, JSON.stringify({ text: 'a'.repeat(limits.characters + 1) }), '10000 characters'],
  [413, JSON.stringify({ text: 'a'.repeat(limits.bytes) }), '200000 bytes'],
])('refuses with %i: %.40s', async (status, body, what) => {
  const response = await post(body)
  expect(response.status).toBe(status)
  expect(((await response.json()) as { error: string }).error).toContain(what)
})

test('other paths and methods', async () => {
  expect((await fetch(edge.url)).status).toBe(404)
  expect((await post('{}', 'PUT')).status).toBe(405)
})

test('the worker is small', async () => {
  expect((await stat(join(folder, 'worker', 'worker.js'))).size).toBeLessThan(40_000)
})

test('without a student it says what to do', async () => {
  await expect(buildWorker(join(folder, 'none'), join(folder, 'other'))).rejects.toThrow('npm run demo')
})
