// Time by operator: while a profile is taken, sessions run as twins that ONNX Runtime profiles.

/** @typedef {import('./protocol.ts').OperatorTime} OperatorTime */

/**
 * @param {(model: Uint8Array, options: object) => Promise<import('onnxruntime-node').InferenceSession>} create
 */
export class Profiler {
  /** @type {Map<number, { session: import('onnxruntime-node').InferenceSession, prefix: string }>} */
  #twins = new Map()
  #create
  #folder
  /** What was timed besides sessions. */
  #others = new Map()

  constructor(create) {
    this.#create = create
  }

  get on() {
    return this.#folder !== undefined
  }

  async start() {
    if (this.on) throw new Error('a profile is being taken already')
    const [{ mkdtemp }, { tmpdir }, { join }] = await nodeModules()
    this.#folder = await mkdtemp(join(tmpdir(), 'kd-profile-'))
  }

  /** The twin of a session. */
  async twin(id, { model, options }) {
    let twin = this.#twins.get(id)
    if (!twin) {
      const prefix = `session-${id}`
      const [, , { join }] = await nodeModules()
      const profile = { enableProfiling: true, profileFilePrefix: join(this.#folder, prefix) }
      twin = { session: await this.#create(model, { ...options, ...profile }), prefix }
      this.#twins.set(id, twin)
    }
    return twin.session
  }

  /** Counts what is no session's, as an operator and as a run. */
  note(operator, microseconds) {
    if (this.on) for (const name of [operator, '']) addTime(this.#others, name, microseconds)
  }

  /** @returns {Promise<OperatorTime[]>} */
  async end() {
    // A worker that was made meanwhile has nothing to tell.
    if (!this.on) return []
    const [{ readdir, readFile, rm }, , { join }] = await nodeModules()
    const folder = this.#folder
    const times = this.#others
    this.#others = new Map()
    try {
      for (const { session } of this.#twins.values()) {
        session.endProfiling()
        await session.release()
      }
      for (const file of await readdir(folder)) addTimes(times, JSON.parse(await readFile(join(folder, file), 'utf8')))
    } finally {
      this.#twins.clear()
      this.#folder = undefined
      await rm(folder, { recursive: true, force: true })
    }
    return [...times.values()]
  }
}

const nodeModules = () => Promise.all([import('node:fs/promises'), import('node:os'), import('node:path')])

function addTimes(times, events) {
  for (const { cat, name, dur, args } of events) {
    const operator = cat === 'Node' && name.endsWith('_kernel_time') ? args.op_name : name === 'model_run' ? '' : undefined
    if (operator !== undefined) addTime(times, operator, dur)
  }
}

function addTime(times, operator, microseconds) {
  const time = times.get(operator) ?? { operator, calls: 0, microseconds: 0 }
  time.calls++
  time.microseconds += microseconds
  times.set(operator, time)
}
