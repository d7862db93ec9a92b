import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileKernels } from '../../assembly/compile.ts'
import { madeUp, packedOf } from '../../fixtures/made-up.ts'
import { writeModel } from '../write-model.ts'
import { writePacked } from '../write-packed.ts'
import { load, type Source } from './load.ts'
import { wasmCode } from './wasm-code.ts'
import { webAssembly } from './web-assembly.ts'

const model = madeUp()
const packed = writePacked(packedOf(model, 'int8'))
const files = writeModel(model)
const answer = (await load(packed)).predict('a warm film')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-load-'))
  await writeFile(join(folder, 'model.safetensors'), packed)
})
afterAll(() => rm(folder, { recursive: true }))

test.each<[string, () => Source]>([
  ['a path', () => folder],
  ['a path that ends in a slash', () => `${folder}/`],
  ['the path of the file', () => join(folder, 'model.safetensors')],
  ['a file URL', () => pathToFileURL(folder)],
  ['a file URL as text', () => pathToFileURL(join(folder, 'model.safetensors')).href],
  ['bytes', () => packed],
  ['bytes at an odd address', () => new Uint8Array([0, ...packed]).subarray(1)],
  ['an ArrayBuffer', () => packed.slice().buffer as ArrayBuffer],
])('loads %s', async (_, source) => {
  expect((await load(source())).predict('a warm film')).toEqual(answer)
})

function host(files: Record<string, string | Uint8Array>) {
  const asked: string[] = []
  const fetch = async (url: string | URL) => {
    asked.push(String(url))
    const found = files[String(url)]
    return found === undefined ? new Response('', { status: 404 }) : new Response(found as string)
  }
  return { asked, fetch }
}

test('a packed student is one request; a query stays behind the name of the file', async () => {
  const { asked, fetch } = host({
    'https://a.example/s/model.safetensors': packed,
    'https://a.example/s/model.safetensors?sig=a/b': packed,
  })
  for (const url of ['https://a.example/s', 'https://a.example/s/', new URL('https://a.example/s/model.safetensors')]) {
    expect((await load(url, { fetch })).predict('a warm film')).toEqual(answer)
  }
  await load('https://a.example/s/?sig=a/b', { fetch })
  expect(asked).toEqual([...new Array(3).fill('https://a.example/s/model.safetensors'), 'https://a.example/s/model.safetensors?sig=a/b'])
})

test('a folder in single precision is three', async () => {
  const { asked, fetch } = host(Object.fromEntries(Object.entries(files).map(([name, contents]) => [`students/one/${name}`, contents])))
  const student = await load('students/one', { fetch })
  expect(asked.sort()).toEqual(['config.json', 'model.safetensors', 'vocabulary.txt'].map((name) => `students/one/${name}`))
  expect(Math.abs(student.predict('a warm film').logits[0]! - answer.logits[0]!)).toBeLessThan(0.05)
})

test('errors say where', async () => {
  const { fetch } = host({ 'b/model.safetensors': files['model.safetensors']! })
  await expect(load('a', { fetch })).rejects.toMatchObject({ kind: 'missing', where: { file: 'a/model.safetensors' } })
  await expect(load('b/model.safetensors', { fetch })).rejects.toThrow(/weights alone.*b\/model\.safetensors/)
  await expect(load('b', { fetch })).rejects.toMatchObject({ kind: 'missing', where: { file: 'b/config.json' } })
  await expect(load(join(folder, 'none'))).rejects.toMatchObject({ kind: 'missing' })
  await expect(load('c', { fetch: () => Promise.reject(new TypeError('offline')) })).rejects.toMatchObject({ kind: 'io' })
})

test('the embedded WebAssembly is what its source compiles to, and small enough to compile at once in a page', async () => {
  const code = await compileKernels()
  expect(Buffer.from(code).toString('hex')).toBe(wasmCode)
  expect(code.length).toBeLessThan(4096)
  for (const wasm of [code, new webAssembly!.Module(code)]) {
    const student = await load(packed, { wasm })
    expect(student.engine).toBe('wasm')
    expect(student.predict('a warm film')).toEqual(answer)
  }
  for (const wasm of [new Uint8Array(9), new webAssembly!.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)), {}]) {
    await expect(load(packed, { wasm })).rejects.toMatchObject({ kind: 'engine', where: { option: 'wasm' } })
  }
})

test('a folder of format version 1, saved by the first version of @kd/students, still answers', async () => {
  const folder = new URL('../../fixtures/student-v1/', import.meta.url)
  for (const options of [{}, { wasm: false }] as const) {
    const student = await load(folder, options)
    expect(student.task).toBe('reviews')
    // What its layers model answered.
    for (const [text, logit] of [
      ['so good that I called my mother', 2.4726],
      ['the plot makes no sense', -2.4762],
      ['meh', 0.2386],
    ] as const) {
      expect(Math.abs(student.predict(text).logits[1]! - logit), text).toBeLessThan(0.03)
    }
  }
})
