// The thread that owns ONNX Runtime: its sessions, and the tensors that stay between runs. `session.run` blocks the
// thread it runs on, and the first session sets the thread's treatment of denormal numbers: both must not happen to
// the user's thread. Plain JavaScript, so that it runs from the sources as from the build.
import { parentPort, workerData } from 'node:worker_threads'

/** @typedef {import('./protocol.ts').Requests} Requests */
/** @typedef {import('./protocol.ts').Held} Held */

const views = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, int8: Int8Array, bool: Uint8Array }
const typeOf = new Map([
  [Float32Array, 'float32'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
  [Uint8Array, 'uint8'],
  [Int8Array, 'int8'],
])

/** @type {typeof import('onnxruntime-node')} */
let ort
/** @type {Map<number, import('onnxruntime-node').InferenceSession>} */
const sessions = new Map()
/** @type {Map<string, ArrayBuffer>} */
const buffers = new Map()
/** Tensors over buffers, made once: the native binding caches what it derives from them. */
/** @type {Map<string, import('onnxruntime-node').Tensor>} */
const heldTensors = new Map()

/** @param {number} id */
const sessionOf = (id) => {
  const session = sessions.get(id)
  if (!session) throw new Error('the session has been disposed')
  return session
}

/** @param {string} name */
const bytesOf = (name) => {
  const bytes = buffers.get(name)
  if (!bytes) throw new Error(`the buffer ${name} is not held`)
  return bytes
}

/**
 * @param {import('onnxruntime-node').Tensor} tensor of rank 2, with one row for each of `rows`, and perhaps more
 * @param {ArrayBuffer} bytes
 * @param {Int32Array} rows
 */
function scatterRows({ data, dims: [, columns] }, bytes, rows) {
  const table = new Float32Array(bytes)
  for (let i = 0; i < rows.length; i++) table.set(data.subarray(i * columns, (i + 1) * columns), rows[i] * columns)
}

/** @param {Held} held */
function heldTensor({ buffer, type, shape, offset = 0 }) {
  const key = `${buffer}|${type}|${shape}|${offset}`
  let tensor = heldTensors.get(key)
  if (!tensor) {
    const bytes = bytesOf(buffer)
    const View = views[type]
    const length = shape.reduce((product, side) => product * side, 1)
    tensor = new ort.Tensor(type, new View(bytes, offset * View.BYTES_PER_ELEMENT, length), shape)
    heldTensors.set(key, tensor)
  }
  return tensor
}

/** @param {Iterable<string>} names */
function forgetTensors(names) {
  const prefixes = [...names].map((name) => `${name}|`)
  for (const key of heldTensors.keys()) if (prefixes.some((prefix) => key.startsWith(prefix))) heldTensors.delete(key)
}

/** ONNX Runtime's binding refuses shared memory: those arrays are copied here, once. */
const own = (data) => (data.buffer instanceof SharedArrayBuffer ? data.slice() : data)

/** @type {{ [K in keyof Requests]: (request: Requests[K][0]) => Promise<[Requests[K][1], ArrayBuffer[]]> }} */
const handlers = {
  async load({ session: id, model, threads, options }) {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      ...options,
      // Waiting threads sleep instead of spinning: the other processors have work of their own.
      extra: { session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '0' } } },
    })
    sessions.set(id, session)
    const facts = (list) => list.map(({ name, type, shape }) => ({ name, type, shape: [...shape] }))
    return [{ inputs: facts(session.inputMetadata), outputs: facts(session.outputMetadata) }, []]
  },

  async run({ session: id, feeds, held = {}, into = {}, scatter = {}, returns }) {
    const session = sessionOf(id)
    /** @type {Record<string, import('onnxruntime-node').Tensor>} */
    const inputs = {}
    for (const name of session.inputNames) {
      if (held[name]) inputs[name] = heldTensor(held[name])
      else if (feeds[name]) {
        const { data, shape } = feeds[name]
        const type = session.inputMetadata.find((input) => input.name === name)?.type === 'bool' ? 'bool' : typeOf.get(data.constructor)
        inputs[name] = new ort.Tensor(type, own(data), shape)
      } else throw new Error(`the input ${name} is missing`)
    }
    /** @type {Record<string, import('onnxruntime-node').Tensor | null>} */
    const fetches = {}
    for (const [name, place] of Object.entries(into)) fetches[name] = heldTensor(place)
    for (const name of [...Object.keys(scatter), ...returns]) fetches[name] ??= null
    const results = await session.run(inputs, fetches)
    for (const [name, { buffer, rows }] of Object.entries(scatter)) scatterRows(results[name], bytesOf(buffer), rows)
    const answer = {}
    const moved = []
    for (const name of returns) {
      const { data, dims } = results[name]
      answer[name] = { data, shape: [...dims] }
      moved.push(data.buffer)
    }
    return [answer, moved]
  },

  async hold({ buffers: given }) {
    forgetTensors(Object.keys(given))
    for (const [name, data] of Object.entries(given)) {
      buffers.set(name, typeof data === 'number' ? new ArrayBuffer(data) : own(data).buffer)
    }
    return [undefined, []]
  },

  async write({ buffer, offset, data }) {
    new Float32Array(bytesOf(buffer)).set(data, offset)
    return [undefined, []]
  },

  async read({ buffers: names }) {
    const answer = {}
    for (const name of names) {
      answer[name] = new Uint8Array(bytesOf(name).slice(0))
    }
    return [answer, Object.values(answer).map((bytes) => bytes.buffer)]
  },

  async copy({ buffer, target, done }) {
    const bytes = buffers.get(buffer)
    if (bytes) target.set(new Uint8Array(bytes, 0, target.length))
    Atomics.store(done, 0, bytes ? 1 : 2)
    Atomics.notify(done, 0)
    return [undefined, []]
  },

  async forget({ buffers: names }) {
    forgetTensors(names)
    for (const name of names) buffers.delete(name)
    return [undefined, []]
  },

  async dispose({ session: id }) {
    const session = sessions.get(id)
    sessions.delete(id)
    await session?.release()
    return [undefined, []]
  },
}

/** One request after the other, in the order they came, whatever each waits for. */
let last = Promise.resolve()
/** Shared with the thread that made this one: see `gate` in runtime.ts. */
const { stopping, busy } = workerData.places
const gate = new Int32Array(workerData.gate)
const post = (message, moved = []) => parentPort?.postMessage(message, moved)

try {
  const module = await import(workerData.module)
  ort = module.default ?? module
  parentPort?.on('message', ({ id, kind, request, stop }) => {
    last = last.then(async () => {
      if (stop) return parentPort?.close()
      Atomics.store(gate, busy, 1)
      try {
        if (Atomics.load(gate, stopping)) return
        const [answer, moved] = await handlers[kind](request)
        post({ id, answer }, [...new Set(moved)])
      } catch (error) {
        post({ id, error: error instanceof Error ? error.message : String(error) })
      } finally {
        Atomics.store(gate, busy, 0)
        Atomics.notify(gate, busy)
      }
    })
  })
  post({ ready: true })
} catch (error) {
  post({ failed: error instanceof Error ? error.message : String(error) })
  parentPort?.close()
}
