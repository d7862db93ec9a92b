import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { chooseEngine, nativePackage, repairCommand } from './engine.ts'

const choice = (environment: Record<string, string>, module = 'onnxruntime-node') => {
  const warnings: string[] = []
  const chosen = chooseEngine({ environment, module, tfjs: async () => 'wasm', warn: (message) => warnings.push(message) })
  return { chosen, warnings }
}

describe('chooseEngine', () => {
  it('takes the native engine where it loads', async () => {
    const { chosen, warnings } = choice({ KD_THREADS: '3' })
    expect((await chosen).info).toEqual({
      name: 'onnxruntime-node',
      native: true,
      reason: 'it is installed and loads',
      threads: 3,
    })
    expect(warnings).toEqual([])
    await (await (await chosen).native()).stop()
  })

  it('falls back to TensorFlow.js with one warning that holds the repair', async () => {
    const { chosen, warnings } = choice({}, 'onnxruntime-hidden')
    expect((await chosen).info).toMatchObject({ name: 'tfjs', native: false, backend: 'wasm' })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(repairCommand)
    await expect((await chosen).native()).rejects.toMatchObject({ kind: 'engine', fix: repairCommand })
  })

  it('does as KD_ENGINE says, or fails', async () => {
    const { chosen, warnings } = choice({ KD_ENGINE: 'tfjs' })
    expect((await chosen).info.reason).toBe('KD_ENGINE asks for it')
    expect(warnings).toEqual([])
    await expect(choice({ KD_ENGINE: 'onnxruntime-node' }, 'onnxruntime-hidden').chosen).rejects.toMatchObject({ kind: 'engine' })
    await expect(choice({ KD_ENGINE: 'cuda' }).chosen).rejects.toMatchObject({ kind: 'option' })
    await expect(choice({ KD_THREADS: 'all' }).chosen).rejects.toMatchObject({ kind: 'option' })
  })

  it('repairs with the version it was built for', async () => {
    const { optionalDependencies } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(nativePackage).toBe(`onnxruntime-node@${optionalDependencies['onnxruntime-node']}`)
  })
})
