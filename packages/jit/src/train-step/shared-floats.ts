import type { SharedFloats, WasmMemory } from '../engines/native/protocol.ts'
import { mostPages } from '../fused/wasm-loop.ts'

const page = 65_536
/** Arrays begin on a cache line of their own. */
const line = 64

const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory }
}

/**
 * Arrays of zeros that all threads see, by name, of so many floats each: in one memory of WebAssembly, so that loops work on
 * them where they lie, or, where they do not fit into the 4 GB of one, each in a memory of its own.
 */
export function shareFloats(lengths: Readonly<Record<string, number>>): Record<string, SharedFloats> {
  let bytes = 0
  const places = Object.entries(lengths).map(([name, length]) => {
    const offset = bytes
    bytes += Math.ceil((length * 4) / line) * line
    return { name, length, offset }
  })
  const memory = wasmMemory(bytes)
  return Object.fromEntries(
    places.map(({ name, length, offset }) => [
      name,
      memory ? { memory, offset, length } : { memory: new SharedArrayBuffer(length * 4), offset: 0, length },
    ]),
  )
}

function wasmMemory(bytes: number): WasmMemory | undefined {
  const initial = Math.ceil(bytes / page)
  if (initial > mostPages) return undefined
  try {
    return new WebAssembly.Memory({ initial, maximum: mostPages, shared: true })
  } catch {
    // There is no room for it among the process's addresses.
    return undefined
  }
}

export const floatsOf = ({ memory, offset, length }: SharedFloats): Float32Array =>
  new Float32Array(memory instanceof SharedArrayBuffer ? memory : memory.buffer, offset, length)
