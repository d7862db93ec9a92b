// What workers that share a training step hand each other: numbers in memory that all of them see. ONNX Runtime's
// binding takes no shared memory, so what it reads or writes is copied from there and to there.

/** @typedef {import('./protocol.ts').Requests} Requests */

/** @type {Map<string, Float32Array>} */
const shared = new Map()
/** Those of WebAssembly, by what lies in them. @type {WeakMap<ArrayBufferLike, WebAssembly.Memory>} */
const memories = new WeakMap()
/** The first object that came for each: loops know memories by it. @type {Map<number, WeakRef<WebAssembly.Memory>>} */
const firstOf = new Map()

/** @param {import('./protocol.ts').SharedFloats} shared */
function floatsOf({ memory, arena, offset, length }) {
  if (!(memory instanceof WebAssembly.Memory)) return new Float32Array(memory, offset, length)
  const first = firstOf.get(arena)?.deref() ?? memory
  firstOf.set(arena, new WeakRef(first))
  const values = new Float32Array(memory.buffer, offset, length)
  memories.set(values.buffer, first)
  return values
}

/** The memory of WebAssembly that all arrays lie in, if there is one. @param {Float32Array[]} arrays */
export const memoryOf = (arrays) => {
  const memory = arrays[0] && memories.get(arrays[0].buffer)
  // A memory that has grown shows itself as another buffer.
  return memory && arrays.every(({ buffer }) => memories.get(buffer) === memory) ? memory : undefined
}

/** @param {string} name */
export const sharedOf = (name) => {
  const values = shared.get(name)
  if (!values) throw new Error(`the memory ${name} is not shared`)
  return values
}

/** Rows of a shared table, one after the other; the memory is used again by the next rows of that input. */
const gathered = new Map()

/** @param {import('./protocol.ts').Gather} gather @param {string} input */
export function gatherRows({ shared, rows, columns }, input) {
  const table = sharedOf(shared)
  const length = rows.length * columns
  let memory = gathered.get(input)
  if (!(memory?.length >= length)) gathered.set(input, (memory = new Float32Array(length)))
  const values = memory.subarray(0, length)
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i] * columns
    values.set(table.subarray(from, from + columns), i * columns)
  }
  return values
}

/** @param {(buffer: string) => ArrayBuffer} bytesOf */
export const exchange = (bytesOf) => ({
  /** @param {import('./protocol.ts').Copy[]} copies */
  pull(copies) {
    for (const { buffer, shared, offset, length, at = offset } of copies) {
      new Float32Array(bytesOf(buffer)).set(sharedOf(shared).subarray(offset, offset + length), at)
    }
  },
  /** @param {import('./protocol.ts').Copy[]} copies */
  publish(copies) {
    for (const { buffer, shared, offset, length, at = offset } of copies) {
      sharedOf(shared).set(new Float32Array(bytesOf(buffer), at * 4, length), offset)
    }
  },
})

/** @param {(buffer: string) => ArrayBuffer} bytesOf */
export const exchangeHandlers = (bytesOf) => ({
  /** @param {Requests['share'][0]} request */
  async share({ memory }) {
    for (const [name, floats] of Object.entries(memory)) shared.set(name, floatsOf(floats))
    return [undefined, []]
  },

  /** @param {Requests['unshare'][0]} request */
  async unshare({ memory }) {
    for (const name of memory) shared.delete(name)
    return [undefined, []]
  },

  /** @param {Requests['commit'][0]} request */
  async commit({ copies, rows: tables }) {
    exchange(bytesOf).publish(copies)
    for (const { buffer, shared, columns, rows } of tables) {
      const table = sharedOf(shared)
      const values = new Float32Array(bytesOf(buffer))
      for (let i = 0; i < rows.length; i++) table.set(values.subarray(i * columns, (i + 1) * columns), rows[i] * columns)
    }
    return [undefined, []]
  },
})
