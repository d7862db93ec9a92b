// The thread that owns ONNX Runtime: its sessions, and the tensors that stay between runs. `session.run` blocks the
// thread it runs on, and the first session sets the thread's treatment of denormal numbers: both must not happen to
// the user's thread. Plain JavaScript, so that it runs from the sources as from the build.
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { exchange, exchangeHandlers, gatherRows, memoryOf, sharedOf } from './exchange.mjs'
import { loopHandlers } from './loops.mjs'
import { Profiler } from './profile.mjs'
import { awaitDone, tellDone } from './turns.mjs'

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

// Waiting threads sleep instead of spinning: the other processors have work of their own.
const extra = { session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '0' } } }

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

const shared = exchange(bytesOf)

/** Above this many elements a copy costs more than what the binding derives from a tensor of ours. */
const smallOutput = 1024

/** A tensor for a small output of known shape, or null: ONNX Runtime makes one. */
function roomFor(session, name) {
  const { type, shape } = session.outputMetadata.find((output) => output.name === name) ?? {}
  if (!shape?.every((side) => typeof side === 'number') || !views[type]) return null
  const length = shape.reduce((product, side) => product * side, 1)
  return length > smallOutput ? null : new ort.Tensor(type, new views[type](length), shape)
}

/** onnxruntime-web leaves tensors that it is given for outputs as they are. */
const writesInPlace = !workerData.module.startsWith('onnxruntime-web')

function copyInto(results, fetches) {
  for (const [name, tensor] of Object.entries(fetches)) tensor?.data.set(results[name].data)
  return results
}

const written = new Error('all outputs are written')

/**
 * Runs a session. Where each output has its tensor already, the binding would still copy all of them into fresh arrays
 * (0.2 to 0.4 ms a megabyte) for the object that it returns. It sets them one by one, so the first one ends that: a
 * setter for its name throws. Were that to change, all would be right still, and slower.
 */
async function runInto(session, inputs, fetches) {
  if (!writesInPlace) return copyInto(await session.run(inputs, Object.keys(fetches)), fetches)
  if (Object.values(fetches).some((tensor) => tensor === null)) return session.run(inputs, fetches)
  const first = session.outputNames.find((name) => fetches[name])
  const given = fetches[first]
  Object.defineProperty(Object.prototype, first, {
    configurable: true,
    set(value) {
      // onnxruntime-common hands the given tensors on by name; only the binding's own are new.
      if (value !== given) throw written
      Object.defineProperty(this, first, { value, writable: true, enumerable: true, configurable: true })
    },
  })
  try {
    await session.run(inputs, fetches)
  } catch (error) {
    if (error !== written) throw error
  } finally {
    delete Object.prototype[first]
  }
  return fetches
}

/** @param {import('./protocol.ts').Place} place @param {number} length */
function arrayOf({ rows, shared, buffer, offset }, length) {
  if (rows) return sharedOf(shared)
  return shared === undefined ? new Float32Array(bytesOf(buffer), offset * 4, length) : sharedOf(shared).subarray(offset, offset + length)
}

/** Models up to this size are kept for a profile; traced graphs hold no weights. */
const largestKept = 2 ** 22
/** @type {Map<number, { model: Uint8Array, options: object }>} */
const models = new Map()

const createSession = (model, options) =>
  ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    ...options,
    extra,
  })

const profiler = new Profiler(createSession)

/** @type {{ [K in keyof Requests]: (request: Requests[K][0]) => Promise<[Requests[K][1], ArrayBuffer[]]> }} */
const handlers = {
  async load({ session: id, model, threads, options: given }) {
    const options = { intraOpNumThreads: threads, ...given }
    const session = await createSession(model, options)
    sessions.set(id, session)
    if (model.byteLength <= largestKept) models.set(id, { model, options })
    const facts = (list) => list.map(({ name, type, shape }) => ({ name, type, shape: [...shape] }))
    return [{ inputs: facts(session.inputMetadata), outputs: facts(session.outputMetadata) }, []]
  },

  async run({ session: id, feeds, held = {}, into = {}, scatter = {}, gather = {}, pull, publish, returns }) {
    const session = profiler.on && models.has(id) ? await profiler.twin(id, models.get(id)) : sessionOf(id)
    if (pull) shared.pull(pull)
    /** @type {Record<string, import('onnxruntime-node').Tensor>} */
    const inputs = {}
    for (const name of session.inputNames) {
      if (held[name]) inputs[name] = heldTensor(held[name])
      else if (feeds[name]) {
        const { data, shape } = feeds[name]
        const type = session.inputMetadata.find((input) => input.name === name)?.type === 'bool' ? 'bool' : typeOf.get(data.constructor)
        inputs[name] = new ort.Tensor(type, own(data), shape)
      } else if (gather[name]) {
        const { rows, columns } = gather[name]
        inputs[name] = new ort.Tensor('float32', gatherRows(gather[name], name), [rows.length, columns])
      } else throw new Error(`the input ${name} is missing`)
    }
    /** @type {Record<string, import('onnxruntime-node').Tensor | null>} */
    const fetches = {}
    for (const [name, place] of Object.entries(into)) fetches[name] = heldTensor(place)
    for (const name of [...Object.keys(scatter), ...returns]) fetches[name] ??= roomFor(session, name)
    const results = await runInto(session, inputs, fetches)
    if (publish) shared.publish(publish)
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

  async step({ run, update, turns: { done, worker, after, gradients, updates } }) {
    const isStopping = () => Atomics.load(gate, stopping) !== 0
    try {
      if (after) awaitDone(done, after, isStopping)
      const answer = run ? await handlers.run(run) : [{}, []]
      if (run) tellDone(done, worker, gradients.number)
      awaitDone(done, gradients, isStopping)
      if (update.length > 0) await handlers.loop({ runs: update })
      tellDone(done, worker, updates.number)
      return answer
    } catch (error) {
      tellDone(done, worker, -updates.number)
      throw error
    }
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
    models.delete(id)
    await session?.release()
    return [undefined, []]
  },

  async profile({ on }) {
    if (on) await profiler.start()
    return [on ? [] : await profiler.end(), []]
  },

  ...exchangeHandlers(bytesOf),
  ...loopHandlers({
    arrayOf,
    memoryOf,
    timed: (milliseconds) => profiler.note('weights in loops', Math.round(1000 * milliseconds)),
  }),
}

/** One request after the other, in the order they came, whatever each waits for. */
let last = Promise.resolve()
/** Shared with the thread that made this one: see `gate` in runtime.ts. */
const { stopping, busy } = workerData.places
const gate = new Int32Array(workerData.gate)
const port = workerData.port ?? parentPort
const post = (message, moved = []) => port.postMessage(message, moved)

/** A worker beside this one; as its thread is made by this one, it flushes denormal numbers if this one does. */
async function startBeside({ port, ...data }) {
  if (sessions.size === 0) await (await ort.InferenceSession.create(workerData.smallest, { logSeverityLevel: 4, extra })).release()
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...workerData, ...data, port }, transferList: [port], execArgv: [] })
  // Its end closes the port, which is how the user's thread learns of it.
  worker.on('error', () => {})
}

try {
  const module = await import(workerData.module)
  ort = module.default ?? module
  port.on('message', ({ id, kind, request, stop, beside }) => {
    last = last.then(async () => {
      // WebAssembly keeps a thread alive, and has nothing that ending it could break.
      if (stop) return writesInPlace ? port.close() : process.exit(0)
      if (beside) return startBeside(beside)
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
  port.close()
}
