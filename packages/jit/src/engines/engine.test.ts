import { readFile } from 'node:fs/promises'
import { KdError } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { chooseEngine, type EngineOptions, repairCommand, repairOf } from './engine.ts'
import type { Platform, RuntimeName } from './platform/platform.ts'
import type { Runtime } from './runtime.ts'

/** A platform on which the named packages load. */
function choice(environment: Record<string, string>, installed: readonly RuntimeName[], options: EngineOptions = {}) {
  const warnings: string[] = []
  const started: string[] = []
  const runtimes = (['onnxruntime-node', 'onnxruntime-web'] as const).map((name) => ({
    name,
    start: async (): Promise<Runtime> => {
      if (!installed.includes(name)) throw new KdError({ kind: 'engine', what: `Cannot find package '${name}'\nand more` })
      started.push(name)
      return { death: undefined, request: () => Promise.reject(), readSync: () => new Uint8Array(), stop: async () => {} }
    },
  }))
  const platform: Platform = { environment, processors: 3, runtimes, warn: (message) => warnings.push(message) }
  return { chosen: chooseEngine({ platform, tfjs: async () => 'wasm', ...options }), warnings, started }
}

describe('chooseEngine', () => {
  it('takes the native engine where it loads, and nothing else', async () => {
    const { chosen, warnings, started } = choice({}, ['onnxruntime-node', 'onnxruntime-web'])
    expect((await chosen).info).toEqual({
      name: 'onnxruntime-node',
      graphs: true,
      native: true,
      reason: 'it is installed and loads',
      threads: 3,
    })
    expect([warnings, started]).toEqual([[], ['onnxruntime-node']])
  })

  it('goes on to WebAssembly, then to TensorFlow.js, with one warning that holds the repair', async () => {
    const web = choice({ KD_THREADS: '2' }, ['onnxruntime-web'])
    expect((await web.chosen).info).toMatchObject({ name: 'onnxruntime-web', graphs: true, native: false, threads: 2 })
    expect((await web.chosen).info.reason).toBe(
      "it is installed and loads; onnxruntime-node does not load: Cannot find package 'onnxruntime-node'",
    )
    const none = choice({}, [])
    expect((await none.chosen).info).toMatchObject({ name: 'tfjs', graphs: false, native: false, backend: 'wasm' })
    for (const { warnings } of [web, none]) {
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain(repairCommand)
    }
    await expect((await none.chosen).runtime()).rejects.toMatchObject({ kind: 'engine', fix: repairCommand })
  })

  it('does as it is told, by the option before the environment, or fails', async () => {
    const all = ['onnxruntime-node', 'onnxruntime-web'] as const
    const { chosen, warnings } = choice({ KD_ENGINE: 'tfjs' }, all)
    expect((await chosen).info.reason).toBe('KD_ENGINE asks for it')
    expect(warnings).toEqual([])
    const { info } = await choice({ KD_ENGINE: 'tfjs', KD_THREADS: '2' }, all, { name: 'onnxruntime-web', threads: 1 }).chosen
    expect(info).toMatchObject({ name: 'onnxruntime-web', threads: 1, reason: 'the option name asks for it' })
    for (const name of all) {
      await expect(choice({ KD_ENGINE: name }, []).chosen).rejects.toMatchObject({ kind: 'engine', fix: repairOf(name) })
    }
    await expect(choice({ KD_ENGINE: 'cuda' }, all).chosen).rejects.toMatchObject({ kind: 'option' })
    await expect(choice({ KD_THREADS: 'all' }, all).chosen).rejects.toMatchObject({ kind: 'option' })
    await expect(choice({}, all, { threads: 0 }).chosen).rejects.toThrow('option threads')
  })

  it('repairs with the versions that it is built for', async () => {
    const { optionalDependencies, devDependencies } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    for (const name of ['onnxruntime-node', 'onnxruntime-web'] as const) {
      expect(repairOf(name)).toContain(`${name}@${{ ...optionalDependencies, ...devDependencies }[name]}`)
    }
  })
})
