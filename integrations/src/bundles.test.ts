import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { publishedPackages } from './packages.ts'

/** Entries that people use where no engine is wanted, and what else must not come along. */
const alone: Record<string, RegExp> = {
  '@kd/core': /^(?!packages\/core\/)/,
  '@kd/core/node': /^(?!packages\/core\/)/,
  '@kd/core/onnx': /^(?!packages\/core\/)/,
  '@kd/core/test': /^(?!packages\/core\/)/,
  '@kd/runtime': /^(?!packages\/runtime\/)/,
  '@kd/data': /tensorflow|onnxruntime/,
  '@kd/data/hub': /tensorflow|onnxruntime/,
  '@kd/augment': /tensorflow|onnxruntime/,
  '@kd/losses/metrics': /tensorflow|onnxruntime/,
}

const entries = publishedPackages().flatMap(({ folder, manifest }) =>
  Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === 'string' ? [] : [{ entry: join(manifest.name, subpath), file: join(folder, target.default) }],
  ),
)

/** A bundle of one built entry with all that it imports, at once or later. */
async function bundle(file: string) {
  const { metafile, outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    outdir: 'out',
    absWorkingDir: join(import.meta.dirname, '../..'),
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  })
  return { inputs: Object.keys(metafile.inputs), text: outputFiles.map(({ text }) => text).join('\n') }
}

describe.each(Object.entries(alone))('%s', (entry, unwanted) => {
  it('is usable without TensorFlow.js and ONNX Runtime', async () => {
    const { inputs, text } = await bundle(entries.find((one) => one.entry === entry)!.file)
    expect(inputs.filter((file) => unwanted.test(file))).toEqual([])
    expect(text).not.toMatch(/@tensorflow\/|onnxruntime-/)
  })
})

it('every other entry is one that needs an engine', () => {
  const others = entries.map(({ entry }) => entry).filter((entry) => !(entry in alone))
  expect(others).toEqual(['@kd/jit', '@kd/losses', '@kd/students', '@kd/teacher-bert', '@kd/trainer'])
})
