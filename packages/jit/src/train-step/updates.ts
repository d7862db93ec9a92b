import { Compiled, nextNative } from '../engines/native/compiled.ts'
import type { Copy, Gather, Held, LoopRun, Place, Requests } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { type FusedLoop, fuse } from '../fused/fuse.ts'
import type { Scalars } from '../fused/scalars.ts'
import { loopModule, squaresLoop, sumLoop } from '../fused/wasm-loop.ts'
import type { OnnxTensor } from '../tensor.ts'
import { emit } from '../trace/emit.ts'
import { distinctBucket } from './distinct.ts'
import { type PreparedStep, tableName, variableName } from './engine.ts'
import { afterName, type StepMemory } from './memory.ts'
import type { RowTable, TrainStepOptions } from './options.ts'
import { pad, type UnionOfRows } from './parts.ts'
import { gradientOf, traceUpdate, type UpdateParameter } from './trace-parts.ts'

/** How one worker updates what it owns: in loops, or, where the optimizer's rule is no loop over elements, by a graph. */
type Update = LoopUpdate | { readonly graph: Compiled }

interface LoopUpdate {
  readonly loops: ReadonlyMap<string, FusedLoop & { readonly id: number }>
  readonly scalars: Scalars
}

export interface UpdatePlan {
  readonly runtime: Runtime
  readonly worker: number
  readonly rows: UnionOfRows
  /** Names of the parameters that have a gradient. */
  readonly moved: ReadonlySet<string>
  readonly parameters: readonly UpdateParameter[]
  readonly update: Update
}

/** With the loops' work, where loops update. */
export interface PreparedUpdate extends UpdatePlan {
  readonly runs: readonly LoopRun[]
}

/** Each worker adds up the gradients of what it owns and updates it. */
export class Updates {
  readonly #options: TrainStepOptions
  readonly #memory: StepMemory
  readonly #known = new Map<string, Promise<Update>>()
  readonly #loops = new Map<string, { readonly runtime: Runtime; readonly id: number; readonly made: Promise<unknown> }>()

  constructor(options: TrainStepOptions, memory: StepMemory) {
    this.#options = options
    this.#memory = memory
  }

  async plan(runtime: Runtime, worker: number, { rows, moved }: Pick<UpdatePlan, 'rows' | 'moved'>): Promise<UpdatePlan> {
    const parameters = this.#parametersOf(worker, rows, moved)
    const parts = rows.places.length
    const key = `${worker} ${parts} ${parameters.map(({ name, shape, moved }) => `${name}[${shape}]${moved}`).join()}`
    let update = this.#known.get(key)
    if (!update) this.#known.set(key, (update = this.#make(runtime, worker, parameters, parts)))
    return { runtime, worker, rows, moved, parameters, update: await update }
  }

  /** The sum of squares of the gradients, where they are clipped; where a graph updates, it finds them added up. */
  async combine(plan: UpdatePlan): Promise<number> {
    const { runtime, worker, rows, moved, update } = plan
    const summed = 'graph' in update
    if (!summed && this.#options.clipNorm === undefined) return 0
    const parts = rows.places.length
    const loop = await this.#loop(runtime, worker, loopModule((summed ? sumLoop : squaresLoop)(parts)))
    const { from, variables } = this.#memory.layout.owned[worker]!
    const runs: LoopRun[] = []
    for (const index of variables) {
      if (!moved.has(variableName(index))) continue
      const offset = this.#memory.layout.offsets[index]!
      runs.push({
        loop,
        scalars: [],
        length: this.#options.variables[index]!.size,
        count: 1,
        from: Array.from({ length: parts }, (_, part) => this.#gradient(part, offset)),
        to: summed ? [{ buffer: this.#memory.buffer('sum'), offset: offset - from }] : [],
      })
    }
    for (const { table, ids } of this.#ownRows(plan)) {
      const count = summed ? distinctBucket(ids.length) : ids.length
      runs.push({
        loop,
        scalars: [],
        length: table.dimensions,
        count,
        from: this.#gradientsOfRows(plan, table, count),
        to: summed ? [{ buffer: this.#memory.buffer(`${table.name} sum`), offset: 0 }] : [],
      })
    }
    return runs.length === 0 ? 0 : (await runtime.request('loop', { runs }, 'add up the gradients')).squares
  }

  /** The same before there are gradients, where it needs none. */
  prepareEarly(plan: UpdatePlan, step: PreparedStep): PreparedUpdate | undefined {
    const { update } = plan
    return 'loops' in update && this.#options.clipNorm === undefined ? this.#prepareLoops(plan, update, step, 1) : undefined
  }

  /** Computes all that may fail: new values where a graph makes them, else what loops need. What is there stays as it is. */
  async prepare(plan: UpdatePlan, step: PreparedStep, factor: number): Promise<PreparedUpdate> {
    const { update } = plan
    if ('loops' in update) return this.#prepareLoops(plan, update, step, factor)
    const feeds: Record<string, OnnxTensor> = {}
    for (const [name, value] of Object.entries({ learningRate: step.learningRate, step: step.step, factor })) {
      if (update.graph.uses(name)) feeds[name] = { data: Float32Array.of(value), shape: [] }
    }
    await this.#runGraph(plan, update.graph, feeds)
    return { ...plan, runs: [] }
  }

  #prepareLoops(plan: UpdatePlan, { loops, scalars }: LoopUpdate, { learningRate, step }: PreparedStep, factor: number): PreparedUpdate {
    return { ...plan, runs: this.#runsOf(plan, loops, scalars({ learningRate, step, factor })) }
  }

  /** Puts the new values in the place of the old ones. */
  async apply(prepared: PreparedUpdate): Promise<void> {
    const { runtime, parameters, update, runs } = prepared
    if (parameters.length === 0) return
    if ('graph' in update) await runtime.request('commit', this.#commitOf(prepared), 'put the weights back')
    else await runtime.request('loop', { runs: [...runs] }, 'update the weights')
  }

  async dispose(): Promise<void> {
    for (const found of this.#known.values()) {
      const update = await found
      if ('graph' in update) await update.graph.dispose()
    }
    for (const { runtime, id } of this.#loops.values()) {
      if (runtime.death === undefined) await runtime.request('unloop', { loops: [id] })
    }
    this.forget()
  }

  /** The workers' loops and graphs are gone with them. */
  forget(): void {
    this.#known.clear()
    this.#loops.clear()
  }

  #parametersOf(worker: number, rows: UnionOfRows, moved: ReadonlySet<string>): UpdateParameter[] {
    const { variables, rate, decay } = this.#options
    const parameters: UpdateParameter[] = this.#memory.layout.owned[worker]!.variables.map((index) => {
      const variable = variables[index]!
      const name = variableName(index)
      return { name, shape: variable.shape, decay: decay?.(variable), rate: rate?.(variable), moved: moved.has(name) }
    })
    const [begin, end] = this.#memory.ownRows(rows, worker)
    for (const table of this.#memory.trained) {
      const name = tableName(table.name)
      if (end === begin || !moved.has(name)) continue
      parameters.push({ name, shape: [distinctBucket(end - begin), table.dimensions], decay: undefined, rate: rate?.(table), moved: true })
    }
    return parameters
  }

  async #make(runtime: Runtime, worker: number, parameters: readonly UpdateParameter[], parts: number): Promise<Update> {
    // Few parameters, many workers.
    if (parameters.length === 0) return { loops: new Map(), scalars: () => ({}) }
    const { graph, outputs } = traceUpdate(this.#options, parameters)
    const scalars = new Set(['learningRate', 'step', 'factor'])
    const added = new Set(parameters.map(({ name }) => gradientOf(name)))
    const fused = fuse(outputs, (input) => (scalars.has(input) ? 0 : added.has(input) ? parts : 1))
    if (!fused) {
      const flat = Object.entries(outputs).flatMap(([name, made]) =>
        Object.entries(made).map(([slot, value]) => [`${name} ${slot}`, value]),
      )
      return { graph: await Compiled.loadOn(runtime, emit(graph, Object.fromEntries(flat)), 1) }
    }
    const loops = new Map<string, FusedLoop & { id: number }>()
    for (const [name, loop] of fused.loops) loops.set(name, { ...loop, id: await this.#loop(runtime, worker, loop.code) })
    return { loops, scalars: fused.scalars }
  }

  /** The worker's number for a loop; equal ones are made once. */
  async #loop(runtime: Runtime, worker: number, code: Uint8Array): Promise<number> {
    const key = `${worker} ${code}`
    let known = this.#loops.get(key)
    if (!known) {
      const id = nextNative()
      this.#loops.set(key, (known = { runtime, id, made: runtime.request('loops', { loops: { [id]: code } }, 'load the update') }))
    }
    await known.made
    return known.id
  }

  #gradient(part: number, offset: number): Place {
    return { shared: this.#memory.buffer(`gradient ${part}`), offset }
  }

  /** By part: the gradients of the rows that a worker updates, and rows of zeros up to `count`. */
  #gradientsOfRows({ rows, worker }: UpdatePlan, { name }: RowTable, count: number): Place[] {
    return rows.places.map((places, part) => {
      const own = new Int32Array(count).fill(-1)
      own.set(places.subarray(...this.#memory.ownRows(rows, worker)))
      return { shared: this.#memory.buffer(`${name} gradient ${part}`), rows: this.#memory.gradientRows(own) }
    })
  }

  /** The loops of a worker's parameters, which read and write them where they lie. */
  #runsOf(plan: UpdatePlan, loops: ReadonlyMap<string, FusedLoop & { id: number }>, numbers: Readonly<Record<string, number>>): LoopRun[] {
    const memory = this.#memory
    const { slots } = this.#options.optimizer
    const runs: LoopRun[] = []
    const add = (
      name: string,
      { length, count }: Pick<LoopRun, 'length' | 'count'>,
      gradientOfPart: (part: number) => Place,
      placeOf: (slot: string | undefined) => Place,
    ) => {
      const { id, arrays, scalars, outputs } = loops.get(name)!
      const from = arrays.map((input, at) =>
        input === gradientOf(name)
          ? gradientOfPart(at - arrays.indexOf(input))
          : placeOf(slots.find((slot) => input === `${name} ${slot}`)),
      )
      const to = outputs.map((output) => placeOf(slots.find((slot) => output === `${slot} after`)))
      runs.push({ loop: id, scalars: scalars.map((scalar) => numbers[scalar]!), length, count, from, to })
    }
    for (const index of memory.layout.owned[plan.worker]!.variables) {
      const name = variableName(index)
      if (!plan.moved.has(name)) continue
      const offset = memory.layout.offsets[index]!
      add(
        name,
        { length: this.#options.variables[index]!.size, count: 1 },
        (part) => this.#gradient(part, offset),
        (slot) =>
          slot === undefined
            ? { shared: memory.buffer('values'), offset }
            : { shared: memory.buffer('slots'), offset: memory.slotOffset(index, slots.indexOf(slot)) },
      )
    }
    for (const { table, ids } of this.#ownRows(plan)) {
      const gradients = this.#gradientsOfRows(plan, table, ids.length)
      add(
        tableName(table.name),
        { length: table.dimensions, count: ids.length },
        (part) => gradients[part]!,
        (slot) => ({ shared: memory.buffer(tableName(table.name, slot)), rows: ids }),
      )
    }
    return runs
  }

  /** The rows of trained tables that a worker updates. */
  #ownRows({ rows, worker, moved }: Pick<UpdatePlan, 'rows' | 'worker' | 'moved'>) {
    const [begin, end] = this.#memory.ownRows(rows, worker)
    const own = end === begin ? [] : this.#memory.trained.filter(({ name }) => moved.has(tableName(name)))
    return own.map((table: RowTable) => ({ table, ids: rows.ids.subarray(begin, end) }))
  }

  /** A graph's new values go into buffers of the worker. */
  async #runGraph(plan: UpdatePlan, graph: Compiled, feeds: Record<string, OnnxTensor>): Promise<void> {
    const { worker, rows, moved } = plan
    const { variables, from, length } = this.#memory.layout.owned[worker]!
    const { slots } = this.#options.optimizer
    const held: Record<string, Held> = {}
    const into: Record<string, Held> = {}
    const gather: Record<string, Gather> = {}
    for (const index of variables) {
      const name = variableName(index)
      const { shape } = this.#options.variables[index]!
      const offset = this.#memory.layout.offsets[index]!
      held[name] = this.#memory.held('values', shape, offset)
      if (moved.has(name)) held[gradientOf(name)] = this.#memory.held('sum', shape, offset - from)
      into[`${name} after`] = this.#memory.held('after', shape, offset - from)
      slots.forEach((slot, at) => {
        held[`${name} ${slot}`] = this.#memory.held('slots', shape, at * length + offset - from)
        into[`${name} ${slot} after`] = this.#memory.held('slots after', shape, at * length + offset - from)
      })
    }
    for (const { table, ids } of this.#ownRows(plan)) {
      const { name, dimensions } = table
      const padded = distinctBucket(ids.length)
      const shape = [padded, dimensions]
      held[gradientOf(tableName(name))] = this.#memory.held(`${name} sum`, shape)
      for (const slot of [undefined, ...slots]) {
        gather[tableName(name, slot)] = { shared: this.#memory.buffer(tableName(name, slot)), rows: pad(ids, padded), columns: dimensions }
        into[`${tableName(name, slot)} after`] = this.#memory.held(afterName(name, slot), shape)
      }
    }
    // A worker that had no part has not seen the present values yet.
    const pull = [...(worker < rows.places.length ? [] : [this.#memory.pull()]), ...this.#ownSlots(worker, 'slots')]
    await graph.run({ feeds, held, into, gather, pull, returns: [] })
  }

  #commitOf(plan: UpdatePlan): Requests['commit'][0] {
    const { from, length } = this.#memory.layout.owned[plan.worker]!
    const named = (buffer: string, shared: string) => ({ buffer: this.#memory.buffer(buffer), shared: this.#memory.buffer(shared) })
    const values = { ...named('after', 'values'), offset: from, length, at: 0 }
    const rows = this.#ownRows(plan).flatMap(({ table: { name, dimensions }, ids }) =>
      [undefined, ...this.#options.optimizer.slots].map((slot) => ({
        ...named(afterName(name, slot), tableName(name, slot)),
        columns: dimensions,
        rows: ids,
      })),
    )
    return { copies: length > 0 ? [values, ...this.#ownSlots(plan.worker, 'slots after')] : [], rows }
  }

  /** A worker's slots in the memory of all, and in a buffer that holds them one after the other. */
  #ownSlots(worker: number, buffer: string): Copy[] {
    const { layout } = this.#memory
    const { from, length } = layout.owned[worker]!
    if (length === 0) return []
    return this.#options.optimizer.slots.map((_, at) => ({
      buffer: this.#memory.buffer(buffer),
      shared: this.#memory.buffer('slots'),
      offset: at * layout.length + from,
      length,
      at: at * length,
    }))
  }
}
