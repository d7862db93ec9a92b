import { describe, expect, it } from 'vitest'
import { SharedArena } from '../../train-step/shared-arena.ts'
import type { SharedFloats, WasmMemory } from './protocol.ts'

// Plain JavaScript, as the worker that it is a part of.
const { exchangeHandlers, memoryOf, sharedOf } = (await import(new URL('./exchange.mjs', import.meta.url).href)) as {
  exchangeHandlers(bytesOf: () => ArrayBuffer): {
    share(request: { memory: Record<string, SharedFloats> }): Promise<unknown>
    unshare(request: { memory: string[] }): Promise<unknown>
  }
  memoryOf(arrays: Float32Array[]): WasmMemory | undefined
  sharedOf(name: string): Float32Array
}
const { share, unshare } = exchangeHandlers(() => new ArrayBuffer(0))

describe('memory that workers share', () => {
  it('is known as one, whichever message named it and however it has grown', async () => {
    const arena = new SharedArena()
    await share(structuredClone({ memory: arena.allocate({ a: 10 }) }))
    await share(structuredClone({ memory: arena.allocate({ b: 100_000, c: 3 }) }))
    await share(structuredClone({ memory: new SharedArena().allocate({ d: 5 }) }))
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(sharedOf) as [Float32Array, Float32Array, Float32Array, Float32Array]
    expect([a.length, b.length, c.length, d.length]).toEqual([10, 100_000, 3, 5])
    expect(a.buffer).not.toBe(b.buffer)
    expect(memoryOf([a, b, c])).toBeDefined()
    expect(memoryOf([a])).toBe(memoryOf([b]))
    expect(memoryOf([a, d])).toBeUndefined()
    expect(memoryOf([a, new Float32Array(3)])).toBeUndefined()
    // Places are those of the memory, for all of its objects.
    new Float32Array(memoryOf([a])!.buffer)[c.byteOffset / 4] = 7
    expect(c[0]).toBe(7)
    await unshare({ memory: ['a', 'b', 'c', 'd'] })
    expect(() => sharedOf('a')).toThrow(/not shared/)
  })
})
