import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HubServer } from '../../data/test/hub-server.ts'
import { loadTeacher } from './load-teacher.ts'
import { OnnxTeacher } from './onnx-teacher.ts'
import { BertTeacher, type BertTeacherOptions } from './teacher.ts'

const folderOf = (path: string) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url))
const filesOf = async (family: string): Promise<Record<string, Uint8Array>> => {
  const names = (await readdir(folderOf(`families/${family}`))).filter((name) => name !== 'expected.json')
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folderOf(`families/${family}`), name))] as const)),
  )
}

let cache: string
const hubs: HubServer[] = []
const start = async (files: Record<string, Uint8Array | string>) => {
  const hub = await HubServer.start('somebody/teacher', { '.gitattributes': '', 'README.md': '# Model', ...files })
  hubs.push(hub)
  return hub
}
const options = (hub: HubServer): BertTeacherOptions => ({
  threads: 1,
  from: cache,
  hub: { cache: join(cache, 'hub'), endpoint: hub.endpoint, token: false, backoff: 1 },
})
const offline = (hub: HubServer): BertTeacherOptions => ({ ...options(hub), hub: { ...options(hub).hub, offline: true } })

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'kd-teacher-hub-'))
})
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.stop()
  await rm(cache, { recursive: true })
})

it('a repository of the hub is a teacher: of its files those that are needed, the commit in its name', async () => {
  const hub = await start({
    ...(await filesOf('bert-cased')),
    'pytorch_model.bin': new Uint8Array(5000),
    'onnx/model.onnx': new Uint8Array(5000),
  })
  const teacher = await BertTeacher.load('somebody/teacher', options(hub))
  expect(teacher).toMatchObject({ name: `somebody/teacher@${'a'.repeat(12)}`, labels: ['no', 'maybe', 'yes'] })
  expect(hub.asked.sort()).toEqual([
    'api',
    'config.json',
    ...['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'model.safetensors.index.json'],
    ...['tokenizer.json', 'tokenizer_config.json'],
  ])
  hub.seen.length = 0
  const again = await BertTeacher.load('somebody/teacher', offline(hub))
  const pinned = await loadTeacher(`hf://somebody/teacher@${hub.commit}`, options(hub))
  expect(hub.seen).toEqual([])
  const local = await BertTeacher.load(folderOf('families/bert-cased'), { threads: 1 })
  for (const other of [again, pinned, local]) expect(other.fingerprint).toBe(teacher.fingerprint)
  for (const one of [teacher, again, pinned, local]) await one.dispose()
})

it('a graph on the hub too, in one listing', async () => {
  const { 'model.safetensors': _, ...files } = await filesOf('distilbert')
  const hub = await start({ ...files, 'onnx/model.onnx': await readFile(folderOf('onnx/distilbert.onnx')) })
  const teacher = await loadTeacher('somebody/teacher', options(hub))
  expect(teacher).toBeInstanceOf(OnnxTeacher)
  expect(hub.asked.filter((path) => path === 'api')).toHaveLength(1)
  await teacher.dispose()
})

it('weights in a file that runs code are refused before anything is downloaded', async () => {
  const { 'model.safetensors': _, ...files } = await filesOf('distilbert')
  const hub = await start({ ...files, 'pytorch_model.bin': new Uint8Array(5000) })
  await expect(BertTeacher.load('somebody/teacher', options(hub))).rejects.toMatchObject({
    kind: 'mismatch',
    what: expect.stringContaining('runs the code inside it'),
    fix: expect.stringContaining('safe_serialization=True'),
  })
  expect(hub.asked).toEqual(['api'])
  expect(await readdir(cache)).toEqual([])
})

it('a file cut short for good leaves no model behind', async () => {
  const hub = await start(await filesOf('distilbert'))
  hub.fail('model.safetensors', ...Array.from({ length: 9 }, () => ({ cutTo: 100 })), ...Array.from({ length: 9 }, () => ({ cutTo: 0 })))
  const { hub: settings, ...rest } = options(hub)
  await expect(BertTeacher.load('somebody/teacher', { ...rest, hub: { ...settings, retries: 2 } })).rejects.toMatchObject({ kind: 'io' })
  await expect(BertTeacher.load('somebody/teacher', offline(hub))).rejects.toMatchObject({ kind: 'missing' })
})

it('neither a folder nor a repository: the error says both', async () => {
  const hub = await start({})
  await expect(BertTeacher.load('models/tiny', options(hub))).rejects.toMatchObject({
    kind: 'missing',
    what: expect.stringMatching(/^there is no folder .*tiny, and .* answers 404 to models\/tiny@main/),
  })
  await expect(BertTeacher.load('./models/tiny', options(hub))).rejects.toMatchObject({ kind: 'missing', what: 'there is no such folder' })
  await expect(BertTeacher.load('somebody/teacher', options(hub))).rejects.toMatchObject({
    kind: 'missing',
    what: expect.stringContaining('there are no weights'),
  })
})
