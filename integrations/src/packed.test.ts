import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { root } from './packages.ts'

/** Kilobytes that a packed package may have; raised only in the change that needs it. */
const ceilings: Record<string, number> = {
  '@kd/augment': 36,
  '@kd/core': 40,
  '@kd/data': 65,
  '@kd/jit': 320,
  '@kd/losses': 20,
  '@kd/runtime': 65,
  '@kd/students': 75,
  '@kd/teacher-bert': 135,
  '@kd/trainer': 130,
}

describe.each(inject('packed'))('$manifest.name, packed', ({ folder, manifest, contents, bytes }) => {
  it('holds its build, its sources, how to use it and its licence, and no tests', () => {
    const entries = Object.values(manifest.exports).flatMap((one) => (typeof one === 'string' ? [one] : Object.values(one)))
    const needed = ['LICENSE', 'README.md', 'package.json', ...entries.map((path) => path.replace('./', ''))]
    expect(needed.filter((file) => !contents.includes(file))).toEqual([])
    expect(contents.filter((file) => !/^(dist|src)\/|^(LICENSE|NOTICE|OPS\.md|README\.md|package\.json)$/.test(file))).toEqual([])
    expect(contents.filter((file) => /\.test\.|\/testing\/|\bfixtures?\b|\.tsbuildinfo$/.test(file))).toEqual([])
  })

  it('imports only what it declares', () => {
    const { name, dependencies, peerDependencies, optionalDependencies } = manifest
    const declared = [name, ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })]
    const built = contents.filter((file) => /^dist\/.*\.(js|mjs|d\.ts)$/.test(file)).map((file) => readFileSync(join(folder, file), 'utf8'))
    const imported = built.flatMap((text) =>
      [...text.matchAll(/(?:\bfrom|\bimport\(|^import) ?["'](?!\.|node:)((?:@[\w-]+\/)?[\w.-]+)/gm)].map(([, name]) => name!),
    )
    expect([...new Set(imported)].filter((name) => !declared.includes(name))).toEqual([])
  })

  it('is not larger than need be', () => {
    expect(bytes / 1000).toBeLessThan(ceilings[manifest.name]!)
  })

  it('says in its README how to install it', () => {
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`npm install ${manifest.name}`)
  })
})

it('@kd/runtime has no dependency', () => {
  const { manifest } = inject('packed').find(({ manifest }) => manifest.name === '@kd/runtime')!
  expect(manifest.dependencies ?? {}).toEqual({})
  expect(manifest.peerDependencies ?? {}).toEqual({})
})

it.each([
  ['@kd/teacher-sst2', ['self-check.json']],
  ['@kd/teacher-qqp', ['self-check.json']],
  ['@kd/minilm-base', ['NOTICE', 'tokenizer_config.json']],
] as const)('%s holds a Hugging Face folder, its card, its licence, and nothing else', async (name, more) => {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--workspace', name], { cwd: root })
  const files: { path: string }[] = JSON.parse(stdout)[0].files
  expect(files.map(({ path }) => path).sort()).toEqual(
    ['LICENSE', 'README.md', 'config.json', 'model.safetensors', 'package.json', 'tokenizer.json', ...more].sort(),
  )
})
