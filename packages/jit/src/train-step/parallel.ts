import { KdError } from '@kd/core'
import { dropoutInput, dropoutWords } from '../dropout.ts'
import type { Engine } from '../engines/engine.ts'
import { Compiled, ownArena } from '../engines/native/compiled.ts'
import type { Copy, Gather, Held, RunRequest } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { HeldVariables } from '../held-variables.ts'
import { randomFeeds } from '../random-ops.ts'
import type { OnnxTensor } from '../tensor.ts'
import { see } from '../trace/refuse.ts'
import { distinctBucket } from './distinct.ts'
import { type PreparedStep, type StepEngine, type StepState, tableName, variableName } from './engine.ts'
import { all, StepMemory } from './memory.ts'
import type { DataParallel, TrainStepOptions } from './options.ts'
import { divide, partCount, withEqualRows } from './parts.ts'
import { type GradientModel, gradientOf, traceFreeGradients, traceGradients } from './trace-parts.ts'
import { stepSignature } from './trace-step.ts'
import { anotherFailed, Turns } from './turns.ts'
import { type PreparedUpdate, type UpdatePlan, Updates } from './updates.ts'

/**
 * Bytes that the tensors of runs may take for which graphs of a step have arenas; the next graphs allocate as they run. An
 * arena is up to twice as large as these, and stays: without a limit a student's 28 graphs took GB.
 */
const largestArenas = 2 ** 29

/** A model that each worker has loaded. */
interface Loaded<M> {
  readonly model: M
  readonly compiled: readonly Compiled[]
}

type PartRequest = Omit<RunRequest, 'session'>

/**
 * The step shared by workers of one thread each. A worker computes the gradients of its part of the batch; then each
 * adds up those of all parts, in their order, for the parameters that it owns, and updates these. Weights and tables lie
 * in memory that all see. Nothing there is changed before all that may fail is done, so that a step that fails changes
 * nothing.
 */
export class ParallelStep implements StepEngine {
  readonly #options: TrainStepOptions
  readonly #parallel: DataParallel
  readonly #engine: Engine
  readonly #memory: StepMemory
  readonly #gradients = new Map<string, Loaded<GradientModel>>()
  /** Whether a graph may serve any number of rows, until the loss shows that it doesn't. */
  #freeRows: boolean
  readonly #updates: Updates
  readonly #frozen: readonly HeldVariables[]
  #arenas = 0
  #runtimes: readonly Runtime[] | undefined
  /** The last step that has begun, and how many have failed. */
  #running: Promise<unknown> = Promise.resolve()
  #failures = 0
  #turns: Turns

  constructor(options: TrainStepOptions, parallel: DataParallel, engine: Engine, workers: number) {
    this.#options = options
    this.#parallel = parallel
    this.#engine = engine
    this.#memory = new StepMemory(options, workers)
    this.#turns = new Turns(workers)
    this.#updates = new Updates(options, this.#memory)
    this.#frozen = this.#memory.layout.owned.map(() => new HeldVariables())
    this.#freeRows = this.#memory.tables.length > 0
  }

  get traces(): number {
    return this.#gradients.size
  }

  async run(step: PreparedStep): Promise<number> {
    return (await this.ready(step))()
  }

  async ready(step: PreparedStep): Promise<() => Promise<number>> {
    const failures = this.#failures
    const runtimes = await this.#start()
    const count = partCount(step, this.#parallel, runtimes.length)
    const { steps: exact, rows } = divide(step, this.#parallel, count)
    const { steps, gradients } = await this.#gradientsOf(exact, runtimes)
    const room = Math.max(...steps.map(({ distinct }) => distinct.ids.length), distinctBucket(rows.ids.length))
    if (this.#memory.assigned || !this.#memory.hasRoom(room)) {
      // The step before still reads what is there.
      await this.#running
      this.#memory.writeAssigned()
      await this.#memory.reserve(room, runtimes)
    }
    const { moved, frozen } = gradients.model
    const plans = await all(runtimes.map((runtime, worker) => this.#updates.plan(runtime, worker, { rows, moved })))
    const held = await all(steps.map((_, index) => this.#frozen[index]!.current(runtimes[index]!, frozen)))
    const early = plans.map((plan) => this.#updates.prepareEarly(plan, step))
    const requests = steps.map((part, index) => this.#requestOf(part, index, gradients, held[index]!))
    const updates = early.filter((update) => update !== undefined)
    const { compiled } = gradients
    const check = () => {
      this.#checkAlive()
      if (failures !== this.#failures) throw new KdError({ kind: 'engine', what: 'the step before has failed' })
    }
    const inPhases = () => {
      check()
      return this.#runInPhases(requests, compiled, plans, step)
    }
    return async () => {
      check()
      const running = updates.length === plans.length ? this.#runInTurns(requests, compiled, updates) : this.#running.then(inPhases)
      // The error is the caller's.
      this.#running = running.catch(() => {
        this.#failures++
        this.#turns.restart()
      })
      await this.#running
      return running
    }
  }

  /** Gradients, their norm where they are clipped, and updates, each asked for by this thread. */
  async #runInPhases(
    requests: readonly PartRequest[],
    compiled: readonly Compiled[],
    plans: readonly UpdatePlan[],
    step: PreparedStep,
  ): Promise<number> {
    const answers = await all(requests.map((request, part) => compiled[part]!.run(request)))
    const squares = await all(plans.map((plan) => this.#updates.combine(plan)))
    const factor = this.#factor(squares.reduce((sum, own) => sum + own, 0))
    // Nothing has been changed so far; putting values in place does not fail.
    const prepared = await all(plans.map((plan) => this.#updates.prepare(plan, step, factor)))
    await all(prepared.map((update) => this.#updates.apply(update)))
    return sumOf(answers)
  }

  /** All of a step at once: the workers wait for each other's gradients, and for the last step's updates. */
  async #runInTurns(requests: readonly PartRequest[], compiled: readonly Compiled[], updates: readonly PreparedUpdate[]): Promise<number> {
    const turns = this.#turns.next(requests.length)
    const shares = updates.map(async ({ runtime, runs }, worker) => {
      const run = requests[worker] && { ...requests[worker], session: compiled[worker]!.session }
      try {
        return await runtime.request('step', { run, update: runs, turns: turns[worker]! }, 'run the traced graph')
      } catch (error) {
        // The others may be waiting for it.
        if (runtime.death !== undefined) this.#turns.giveUp(worker)
        throw error
      }
    })
    try {
      return sumOf((await all(shares)).slice(0, requests.length))
    } catch (error) {
      // Whose share failed by itself says why.
      const failures = (await Promise.allSettled(shares)).flatMap((share) => (share.status === 'rejected' ? [share.reason as Error] : []))
      throw failures.find(({ message }) => !message.includes(anotherFailed)) ?? error
    }
  }

  async sync(): Promise<void> {
    await this.#start()
    this.#memory.sync()
  }

  async read(): Promise<Record<string, Float32Array>> {
    await this.#start()
    return this.#memory.read()
  }

  async write(state: StepState): Promise<void> {
    const main = await this.#engine.runtime()
    const runtimes = (await main.team?.(this.#memory.layout.owned.length)) ?? [main]
    // The graphs of dead workers are gone with them.
    if (this.#runtimes && runtimes.some((runtime, index) => runtime !== this.#runtimes![index])) {
      this.#gradients.clear()
      this.#arenas = 0
      this.#updates.forget()
    }
    this.#turns = new Turns(runtimes.length)
    await this.#memory.write(state, runtimes)
    this.#runtimes = runtimes
  }

  async dispose(): Promise<void> {
    for (const held of this.#frozen) await held.dispose()
    await this.#memory.forget(this.#runtimes ?? [])
    for (const { compiled } of this.#gradients.values()) for (const one of compiled) await one.dispose()
    this.#gradients.clear()
    await this.#updates.dispose()
  }

  /** The workers with the weights in them: the variables' own and empty slots at first. */
  async #start(): Promise<readonly Runtime[]> {
    if (!this.#runtimes) {
      const { variables, optimizer } = this.#options
      const state: Record<string, Float32Array> = {}
      variables.forEach((variable, index) => {
        state[variableName(index)] = variable.dataSync() as Float32Array
        for (const slot of optimizer.slots) state[variableName(index, slot)] = new Float32Array(variable.size)
      })
      for (const { name, data } of this.#memory.trained) {
        state[tableName(name)] = data
        for (const slot of optimizer.slots) state[tableName(name, slot)] = new Float32Array(data.length)
      }
      await this.write(state)
    }
    this.#checkAlive()
    return this.#runtimes!
  }

  #checkAlive(): void {
    const dead = this.#runtimes!.find(({ death }) => death !== undefined)
    if (!dead) return
    throw new KdError({
      kind: 'engine',
      what: `a worker that held the weights is gone (${dead.death})`,
      fix: see('Go on from a saved state: restore(state).', 'steps'),
    })
  }

  /** The graph of the parts, and the parts as it takes them: one for any numbers of rows, or else padded to the number that it is for. */
  async #gradientsOf(steps: readonly PreparedStep[], runtimes: readonly Runtime[]) {
    const count = steps.length
    const workers = runtimes.slice(0, count)
    const weight = this.#parallel.loss === 'mean' ? 1 / count : 1
    const [{ distinct, room, ...others }] = steps as [PreparedStep]
    // With room for all ids a graph serves all batches already.
    if (this.#freeRows && room === 0 && distinct.count > 0) {
      const signature = `${count} ${stepSignature({ ...others, room, distinct: { ...distinct, ids: distinct.ids.subarray(0, 0) } })}`
      const model = this.#gradients.has(signature) ? undefined : traceFreeGradients(this.#options, steps[0]!, weight)
      const gradients = model ? await this.#load(signature, model, workers) : this.#gradients.get(signature)
      if (gradients) return { steps, gradients }
      this.#freeRows = false
    }
    const equal = this.#memory.tables.length > 0 ? withEqualRows(steps, Math.ceil(room / count)) : steps
    const signature = `${count} ${stepSignature(equal[0]!)}`
    const known = this.#gradients.get(signature)
    const gradients = known ?? (await this.#load(signature, traceGradients(this.#options, equal[0]!, weight), workers))
    return { steps: equal, gradients }
  }

  async #load(signature: string, model: GradientModel, runtimes: readonly Runtime[]): Promise<Loaded<GradientModel>> {
    const needed = runtimes.length * model.model.peak
    const memory = this.#arenas + needed <= largestArenas ? ownArena : undefined
    const compiled = await all(runtimes.map((runtime) => Compiled.loadOn(runtime, model.model, 1, memory)))
    if (memory) this.#arenas += needed
    const loaded = { model, compiled }
    this.#gradients.set(signature, loaded)
    return loaded
  }

  /** A part's run. */
  #requestOf(
    part: PreparedStep,
    index: number,
    { model, compiled }: Loaded<GradientModel>,
    frozen: Readonly<Record<string, Held>>,
  ): PartRequest {
    const one = compiled[index]!
    const { seed, variables } = this.#options
    // Parts draw random numbers of their own.
    const drawn = index === 0 ? seed : (seed + index * 0x1_0000_0000) % Number.MAX_SAFE_INTEGER
    const feeds: Record<string, OnnxTensor> = {
      ...randomFeeds(model.randoms, drawn, part.step),
      positions: { data: part.distinct.positions, shape: part.idsShape },
    }
    for (const [name, tensor] of Object.entries(part.inputs)) feeds[`input ${name}`] = tensor
    model.dropouts(part.distinct.ids.length).forEach((use, at) => {
      const { rows, columns } = dropoutWords(drawn, part.step, at, use)
      feeds[dropoutInput(at, 'rows')] = { data: rows, shape: [use.rows, 1] }
      feeds[dropoutInput(at, 'columns')] = { data: columns, shape: [1, use.columns] }
    })
    for (const name of Object.keys(feeds)) if (!one.uses(name)) delete feeds[name]
    const held: Record<string, Held> = { ...frozen }
    const into: Record<string, Held> = {}
    variables.forEach(({ id, shape }, at) => {
      const offset = this.#memory.layout.offsets[at]!
      held[`variable ${id}`] = this.#memory.held('values', shape, offset)
      if (model.moved.has(variableName(at))) into[gradientOf(variableName(at))] = this.#memory.held('gradient', shape, offset)
    })
    const gather: Record<string, Gather> = {}
    const publish: Copy[] = [this.#memory.publish(index)]
    for (const { name, dimensions } of this.#memory.tables) {
      const table = tableName(name)
      gather[table] = { shared: this.#memory.buffer(table), rows: part.distinct.ids, columns: dimensions }
      if (!model.moved.has(table)) continue
      const shape = [part.distinct.ids.length, dimensions]
      into[gradientOf(table)] = this.#memory.held(`${name} gradient`, shape)
      publish.push({
        buffer: this.#memory.buffer(`${name} gradient`),
        shared: this.#memory.buffer(`${name} gradient ${index}`),
        offset: 0,
        length: part.distinct.count * dimensions,
      })
    }
    return { feeds, held, into, gather, pull: [this.#memory.pull()], publish, returns: ['loss'] }
  }

  /** As PyTorch's clip_grad_norm_: clipNorm / (norm + 1e-6), at most 1. */
  #factor(squares: number): number {
    const { clipNorm } = this.#options
    return clipNorm === undefined ? 1 : Math.min(clipNorm / (Math.sqrt(squares) + 1e-6), 1)
  }
}

const sumOf = (answers: readonly Record<string, OnnxTensor>[]): number =>
  answers.reduce((sum, { loss }) => sum + (loss!.data[0] as number), 0)
