// Loops over arrays in WebAssembly (fused/wasm-loop.ts), a slot of its memory after the other: arrays stay where they are,
// also in shared memory, and what a loop touches stays in the processor's cache.

/** @typedef {import('./protocol.ts').Requests} Requests */
/** @typedef {import('./protocol.ts').Place} Place */

// As in fused/wasm-loop.ts.
const [slotFloats, mostScalars, memoryPages] = [4096, 256, 16]

/** @type {Map<number, (count: number) => number>} */
const loops = new Map()
/** @type {Float32Array | undefined} */
let floats
let memory
const slots = []

/** @param {number} index */
function slotOf(index) {
  slots[index] ??= floats.subarray(mostScalars + index * slotFloats, mostScalars + (index + 1) * slotFloats)
  return slots[index]
}

function runLoop(run, scalars, from, to, length) {
  floats.set(scalars)
  let squares = 0
  for (let at = 0; at < length; at += slotFloats) {
    const count = Math.min(slotFloats, length - at)
    from.forEach((array, index) => {
      slotOf(index).set(array.subarray(at, at + count))
      // A loop takes four at a time.
      if (count % 4 !== 0) slotOf(index).fill(0, count, count + 4 - (count % 4))
    })
    squares += run(count)
    to.forEach((places, index) => {
      const slot = slotOf(from.length + index)
      const result = count === slotFloats ? slot : slot.subarray(0, count)
      for (const place of places) place.set(result, at)
    })
  }
  return squares
}

/**
 * @param {(place: Place, length: number) => Float32Array} arrayOf
 * @param {(session: number, feeds: Record<string, import('../../tensor.ts').OnnxTensor>) => Promise<Record<string, number>>} scalarsOf
 * @param {(milliseconds: number) => void} timed
 */
export const loopHandlers = (arrayOf, scalarsOf, timed) => ({
  /** @param {Requests['loops'][0]} request */
  async loops({ loops: given }) {
    memory ??= new WebAssembly.Memory({ initial: memoryPages })
    floats ??= new Float32Array(memory.buffer)
    for (const [id, code] of Object.entries(given)) {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
      loops.set(Number(id), exports.run)
    }
    return [undefined, []]
  },

  /** @param {Requests['loop'][0]} request */
  async loop({ runs, scalars }) {
    const numbers = scalars ? await scalarsOf(scalars.session, scalars.feeds) : {}
    const begun = performance.now()
    let squares = 0
    for (const { loop, scalars: names, from, to, length } of runs) {
      const sources = from.map((place) => arrayOf(place, length))
      const targets = to.map((places) => places.map((place) => arrayOf(place, length)))
      squares += runLoop(
        loops.get(loop),
        names.map((name) => numbers[name]),
        sources,
        targets,
        length,
      )
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
