import { nextNative } from '../engines/native/compiled.ts'
import type { SharedFloats, WasmMemory } from '../engines/native/protocol.ts'
import { mostPages } from '../fused/wasm-loop.ts'

const page = 65_536
/** Arrays begin on a cache line of their own. */
const line = 64

const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory & { grow(pages: number): number }
  }
}

/**
 * Arrays of zeros that all threads see: in one memory of WebAssembly, so that loops work on them where they lie, or, where they do
 * not fit into its 4 GB, each in a memory of its own. Nothing is freed but all of it together.
 */
export class SharedArena {
  readonly #id = nextNative()
  #memory: InstanceType<typeof WebAssembly.Memory> | undefined
  #bytes = 0

  /** @param lengths in floats, by name */
  allocate(lengths: Readonly<Record<string, number>>): Record<string, SharedFloats> {
    let end = this.#bytes
    const places = Object.entries(lengths).map(([name, length]) => {
      const offset = end
      end += Math.ceil((length * 4) / line) * line
      return { name, length, offset }
    })
    const memory = this.#memoryOf(end)
    if (memory) this.#bytes = end
    return Object.fromEntries(
      places.map(({ name, length, offset }) => [
        name,
        memory ? { memory, arena: this.#id, offset, length } : { memory: new SharedArrayBuffer(length * 4), offset: 0, length },
      ]),
    )
  }

  /** The memory, with room for so many bytes; undefined where there is none. */
  #memoryOf(bytes: number) {
    const pages = Math.ceil(bytes / page)
    if (pages > mostPages) return undefined
    try {
      if (this.#memory) this.#memory.grow(Math.max(0, pages - this.#memory.buffer.byteLength / page))
      else this.#memory = new WebAssembly.Memory({ initial: pages, maximum: mostPages, shared: true })
      return this.#memory
    } catch {
      // The process has no room left, or no such range of addresses.
      return undefined
    }
  }
}

export const floatsOf = ({ memory, offset, length }: SharedFloats): Float32Array =>
  new Float32Array(memory instanceof SharedArrayBuffer ? memory : memory.buffer, offset, length)
