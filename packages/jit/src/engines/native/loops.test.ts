import { expect, it } from 'vitest'
import { loopModule } from '../../fused/wasm-loop.ts'
import { floatsOf, SharedArena } from '../../train-step/shared-arena.ts'
import type { LoopRun, Place, WasmMemory } from './protocol.ts'

// Plain JavaScript, as the worker that it is a part of.
const { loopHandlers } = (await import(new URL('./loops.mjs', import.meta.url).href)) as {
  loopHandlers(host: { arrayOf(place: Place): Float32Array; memoryOf(): WasmMemory; timed(): void }): {
    loops(request: { loops: Record<number, Uint8Array> }): Promise<unknown>
    loop(request: { runs: LoopRun[] }): Promise<unknown>
  }
}

it.each([4, 6])('changes the rows that are meant and no other, of %i numbers', async (length) => {
  const { table } = new SharedArena().allocate({ table: 5 * length })
  const values = floatsOf(table!)
  const { loops, loop } = loopHandlers({ arrayOf: () => values, memoryOf: () => table!.memory as WasmMemory, timed() {} })
  const operations = [{ operation: 'Add', operands: [{ array: 0 }, { number: 1 }] }] as const
  await loops({ loops: { 1: loopModule({ arrays: 1, scalars: 0, operations, outputs: [{ operation: 0 }] }) } })
  const changed = new Array<number>(5).fill(0)
  for (const rows of [[2], [4, 0]]) {
    const place = { shared: 'table', rows: Int32Array.from(rows) }
    await loop({ runs: [{ loop: 1, scalars: [], length, count: rows.length, from: [place], to: [place] }] })
    for (const row of rows) changed[row]!++
    expect([...values]).toEqual(changed.flatMap((value) => new Array<number>(length).fill(value)))
  }
})
