// Loops over arrays in WebAssembly (fused/wasm-loop.ts). Where all arrays of a loop lie in one memory of WebAssembly it reads and
// writes them there; else they pass through slots of a memory of this worker's, a stretch after the other, which stays in
// the processor's cache.

/** @typedef {import('./protocol.ts').Requests} Requests */
/** @typedef {import('./protocol.ts').Place} Place */

// As in fused/wasm-loop.ts.
const [mostArrays, mostPages] = [128, 65_536]
/** Floats of a slot: those of a usual loop fit into the second cache. */
const slotFloats = 4096
const page = 65_536

/** @type {Map<number, { module: WebAssembly.Module, byMemory: WeakMap<WebAssembly.Memory, (...values: number[]) => number> }>} */
const loops = new Map()

/** The loop on a memory. @param {number} id @param {WebAssembly.Memory} memory */
function loopOn(id, memory) {
  const { module, byMemory } = loops.get(id)
  let run = byMemory.get(memory)
  if (!run) byMemory.set(memory, (run = new WebAssembly.Instance(module, { env: { memory } }).exports.run))
  return run
}

/** @type {WebAssembly.Memory | undefined} */
let slotMemory
const slots = []

/** @param {number} index */
function slotOf(index) {
  slotMemory ??= new WebAssembly.Memory({ initial: (mostArrays * slotFloats * 4) / page, maximum: mostPages, shared: true })
  return (slots[index] ??= new Float32Array(slotMemory.buffer, index * slotFloats * 4, slotFloats))
}

/** One row, through slots. @param {number} id @param {Float32Array[]} from @param {Float32Array[]} to @param {number[]} scalars */
function runInSlots(id, from, to, scalars) {
  const { length } = [...from, ...to][0]
  const places = [...from, ...to].map((_, index) => slotOf(index).byteOffset)
  const run = loopOn(id, slotMemory)
  let squares = 0
  for (let at = 0; at < length; at += slotFloats) {
    const count = Math.min(slotFloats, length - at)
    from.forEach((array, index) => {
      slotOf(index).set(array.subarray(at, at + count))
      // A loop takes four at a time.
      if (count % 4 !== 0) slotOf(index).fill(0, count, count + 4 - (count % 4))
    })
    squares += run(count, ...places, ...scalars)
    to.forEach((array, index) => {
      const slot = slotOf(from.length + index)
      array.set(count === slotFloats ? slot : slot.subarray(0, count), at)
    })
  }
  return squares
}

/** Row after row. Rows that are no multiple of four go through slots: a loop would go on into the next. Whole arrays have room behind them. */
function runRows({ loop, from, to, length, count, scalars }, arrays, memory) {
  const rowsOf = [...from, ...to].map(({ rows }) => rows)
  const firstOf = (index, row) => (rowsOf[index] ? rowsOf[index][row] : row) * length
  let squares = 0
  if (memory && (length % 4 === 0 || (count === 1 && rowsOf.every((rows) => !rows)))) {
    const run = loopOn(loop, memory)
    const values = [length, ...arrays.map(() => 0), ...scalars]
    for (let row = 0; row < count; row++) {
      for (let index = 0; index < arrays.length; index++) values[index + 1] = arrays[index].byteOffset + firstOf(index, row) * 4
      squares += run(...values)
    }
    return squares
  }
  for (let row = 0; row < count; row++) {
    const values = arrays.map((array, index) => array.subarray(firstOf(index, row), firstOf(index, row) + length))
    squares += runInSlots(loop, values.slice(0, from.length), values.slice(from.length), scalars)
  }
  return squares
}

/**
 * @param {(place: Place, length: number) => Float32Array} arrayOf so many numbers, or all of the memory whose rows are meant
 * @param {(arrays: Float32Array[]) => WebAssembly.Memory | undefined} memoryOf the one that all lie in
 * @param {(milliseconds: number) => void} timed
 */
export const loopHandlers = ({ arrayOf, memoryOf, timed }) => ({
  /** @param {Requests['loops'][0]} request */
  async loops({ loops: given }) {
    for (const [id, code] of Object.entries(given)) loops.set(Number(id), { module: new WebAssembly.Module(code), byMemory: new WeakMap() })
    return [undefined, []]
  },

  /** @param {Requests['loop'][0]} request */
  async loop({ runs }) {
    const begun = performance.now()
    let squares = 0
    for (const run of runs) {
      if (run.length === 0) continue
      const arrays = [...run.from, ...run.to].map((place) => arrayOf(place, run.length * run.count))
      squares += runRows(run, arrays, memoryOf(arrays))
    }
    timed(performance.now() - begun)
    return [{ squares }, []]
  },

  /** @param {Requests['unloop'][0]} request */
  async unloop({ loops: ids }) {
    for (const id of ids) loops.delete(id)
    return [undefined, []]
  },
})
