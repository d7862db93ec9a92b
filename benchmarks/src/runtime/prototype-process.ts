// tsx prototype-process.ts FOLDER DIMENSIONS PROTOTYPE: one run of an earlier runtime, of which PROTOTYPE is the folder
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Vocabulary } from '@kd/runtime'
import { measure } from './measure.ts'

const [folder, dimensions, prototype] = process.argv.slice(2) as [string, string, string]
const require = createRequire(import.meta.url)
const { Runtime } = await import(join(prototype, 'runtime.mjs'))
const model = require(join(prototype, 'pack.cjs')).pack(require(join(prototype, 'model.cjs')).make(Number(dimensions)), 'i16')
// The one global that tsconfig's libraries lack.
const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } }
const module = new WebAssembly.Module(await readFile(join(prototype, 'build/k.wasm')))
const vocabulary = Vocabulary.fromText(await readFile(join(folder, `d${dimensions}`, 'float32', 'vocabulary.txt'), 'utf8'))
/** Two directions of 608 single-precision numbers a word, within 8 MB. */
const runtime = new Runtime(module, model, Math.floor(8_000_000 / (2 * 608 * 4)))
const values = await measure(folder, {
  ids: (ids) => runtime.predict(ids),
  text: (text) => runtime.predict(vocabulary.ids(text, 128)),
  batch: (sentences) => runtime.predictMany(sentences),
  fresh: async () => {
    runtime.clear()
    return (ids) => runtime.predict(ids)
  },
})
console.log(JSON.stringify({ values, version: 'prototype' }))
