import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type PackedPackage, packAll } from './packages.ts'
import { serveRegistry } from './registry.ts'

declare module 'vitest' {
  interface ProvidedContext {
    registry: string
    packed: PackedPackage[]
  }
}

/** Packs every package once and serves them by name for as long as the tests run. */
export default async function published({ provide }: TestProject): Promise<() => Promise<void>> {
  const place = await mkdtemp(join(tmpdir(), 'kd-packed-'))
  const packed = await packAll(place)
  const registry = await serveRegistry(packed)
  provide('packed', packed)
  provide('registry', registry.url)
  return async () => {
    await registry.close()
    await rm(place, { recursive: true, force: true })
  }
}
