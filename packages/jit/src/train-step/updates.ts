import { Compiled, nextNative } from '../engines/native/compiled.ts'
import type { Copy, Gather, Held, LoopRun, Place, Requests } from '../engines/native/protocol.ts'
import type { Runtime } from '../engines/runtime.ts'
import { type FusedLoop, fuse } from '../fused/fuse.ts'
import { loopModule, squaresLoop, sumLoop } from '../fused/wasm-loop.ts'
import type { OnnxTensor } from '../tensor.ts'
import { emit } from '../trace/emit.ts'
import { distinctBucket } from './distinct.ts'
import { type PreparedStep, tableName, variableName } from './engine.ts'
import type { StepMemory } from './memory.ts'
import type { RowTable, TrainStepOptions } from './options.ts'
import { pad, type UnionOfRows } from './parts.ts'
import { gradientOf, traceUpdate, type UpdateParameter } from './trace-parts.ts'

/** How one worker updates what it owns: in loops, or, where the optimizer's rule is no loop over elements, by a graph. */
type Update =
  | { readonly loops: ReadonlyMap<string, FusedLoop & { readonly id: number }>; readonly scalars: Compiled | undefined }
  | { readonly graph: Compiled }

export interface UpdatePlan {
  readonly runtime: Runtime
  readonly worker: number
  readonly rows: UnionOfRows
  /** Names of the parameters that have a gradient. */
  readonly moved: ReadonlySet<string>
  readonly parameters: readonly UpdateParameter[]
  readonly update: Update
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

  /** Adds up what the parts found for rows, and for variables where a graph updates them; gives the sum of squares, where gradients are clipped. */
  async combine({ runtime, worker, rows, moved, update }: UpdatePlan): Promise<number> {
    const { from, length } = this.#memory.layout.owned[worker]!
    const [begin, end] = this.#memory.ownRows(rows, worker)
    const sums = this.#memory.trained
      .filter(({ name }) => moved.has(tableName(name)) && end > begin)
      .map(({ name, dimensions }) => ({
        parts: rows.places.map((places, part) => ({
          shared: this.#memory.buffer(`${name} gradient ${part}`),
          rows: places.slice(begin, end),
        })),
        columns: dimensions,
        count: end - begin,
        padded: distinctBucket(end - begin),
        into: this.#memory.buffer(`${name} sum`),
      }))
    const found = sums.length > 0 ? await runtime.request('combine', { rows: sums }, 'add up the gradients') : { squares: 0 }
    const summed = 'graph' in update
    if (length === 0 || !(summed || this.#options.clipNorm !== undefined)) return found.squares
    const parts = rows.places.length
    const runs: LoopRun[] = []
    const loop = await this.#loop(runtime, worker, loopModule((summed ? sumLoop : squaresLoop)(parts)))
    for (const index of this.#memory.layout.owned[worker]!.variables) {
      if (!moved.has(variableName(index))) continue
      const { size } = this.#options.variables[index]!
      const offset = this.#memory.layout.offsets[index]!
      const places = Array.from({ length: parts }, (_, part) => this.#gradient(part, offset))
      runs.push({
        loop,
        scalars: [],
        length: size,
        from: places,
        to: summed ? [{ buffer: this.#memory.buffer('sum'), offset: offset - from }] : [],
      })
    }
    const { squares } = await runtime.request('loop', { runs }, 'add up the gradients')
    return squares + found.squares
  }

  async run(plan: UpdatePlan, step: PreparedStep, factor: number): Promise<void> {
    if (plan.parameters.length === 0) return
    const scalar = (value: number): OnnxTensor => ({ data: Float32Array.of(value), shape: [] })
    const feeds: Record<string, OnnxTensor> = {
      learningRate: scalar(step.learningRate),
      step: scalar(step.step),
      ...(this.#options.clipNorm === undefined ? {} : { factor: scalar(factor) }),
    }
    const { update } = plan
    const graph = 'graph' in update ? update.graph : update.scalars
    for (const name of Object.keys(feeds)) if (!graph?.uses(name)) delete feeds[name]
    if ('graph' in update) await this.#runGraph(plan, update.graph, feeds)
    else {
      const scalars = update.scalars && { scalars: { session: update.scalars.session, feeds } }
      const request: Requests['loop'][0] = { runs: this.#runsOf(plan, update.loops), ...scalars }
      await plan.runtime.request('loop', request, 'update the weights')
    }
  }

  async dispose(): Promise<void> {
    for (const found of this.#known.values()) {
      const update = await found
      await ('graph' in update ? update.graph : update.scalars)?.dispose()
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
    if (parameters.length === 0) return { loops: new Map(), scalars: undefined }
    const { graph, outputs } = traceUpdate(this.#options, parameters)
    const scalars = new Set(['learningRate', 'step', 'factor'])
    const added = new Set(this.#options.variables.map((_, at) => gradientOf(variableName(at))))
    const fused = fuse(graph, outputs, (input) => (scalars.has(input) ? 0 : added.has(input) ? parts : 1))
    if (!fused) {
      const flat = Object.entries(outputs).flatMap(([name, made]) =>
        Object.entries(made).map(([slot, value]) => [`${name} ${slot}`, value]),
      )
      return { graph: await Compiled.loadOn(runtime, emit(graph, Object.fromEntries(flat)), 1) }
    }
    const loops = new Map<string, FusedLoop & { id: number }>()
    for (const [name, loop] of fused.loops) loops.set(name, { ...loop, id: await this.#loop(runtime, worker, loop.code) })
    return { loops, scalars: fused.scalars && (await Compiled.loadOn(runtime, fused.scalars, 1)) }
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

  /** The loops of a worker's parameters, with the places of all that they read and write. */
  #runsOf(plan: UpdatePlan, loops: ReadonlyMap<string, FusedLoop & { id: number }>): LoopRun[] {
    const { worker, rows, moved } = plan
    const memory = this.#memory
    const { current } = memory
    const { slots } = this.#options.optimizer
    const runs: LoopRun[] = []
    const add = (name: string, size: number, placeOf: (input: string, part: number) => Place, placeOfOutput: (output: string) => Place) => {
      const { id, arrays, scalars, outputs } = loops.get(name)!
      const places = arrays.map((input, at) => placeOf(input, at - arrays.indexOf(input)))
      runs.push({ loop: id, scalars, length: size, from: places, to: outputs.map(placeOfOutput) })
    }
    for (const index of memory.layout.owned[worker]!.variables) {
      const name = variableName(index)
      const offset = memory.layout.offsets[index]!
      const inValues = (set: number): Place => ({ shared: memory.buffer(`values ${set}`), offset })
      const inSlots = (slot: number, set: number): Place => ({
        shared: memory.buffer(`slots ${set}`),
        offset: memory.slotOffset(index, slot),
      })
      const placeOf = (input: string, part: number): Place => {
        if (input === name) return inValues(current)
        const slot = slots.findIndex((slot) => input === variableName(index, slot))
        return slot >= 0 ? inSlots(slot, current) : this.#gradient(part, offset)
      }
      const placeOfOutput = (output: string): Place => {
        const slot = slots.findIndex((slot) => output === `${slot} after`)
        return slot >= 0 ? inSlots(slot, 1 - current) : inValues(1 - current)
      }
      add(name, this.#options.variables[index]!.size, placeOf, placeOfOutput)
    }
    for (const { table, ids, shape } of this.#ownRows(rows, worker, moved)) {
      const { name, dimensions } = table
      const buffer = (what: string): Place => ({ buffer: memory.buffer(`${name} ${what}`), offset: 0 })
      const placeOf = (input: string): Place => {
        if (input === gradientOf(tableName(name))) return buffer('sum')
        return { gather: { shared: memory.buffer(input), rows: ids, columns: dimensions }, as: input }
      }
      const placeOfOutput = (output: string): Place => {
        const slot = slots.find((slot) => output === `${slot} after`)
        return buffer(slot === undefined ? 'after' : `after ${slot}`)
      }
      add(tableName(name), shape[0] * shape[1], placeOf, placeOfOutput)
    }
    return runs
  }

  /** The rows of trained tables that a worker updates, padded to few sizes. */
  #ownRows(rows: UnionOfRows, worker: number, moved: ReadonlySet<string>) {
    const [begin, end] = this.#memory.ownRows(rows, worker)
    const padded = distinctBucket(end - begin)
    const ids = pad(rows.ids.subarray(begin, end), padded)
    const own = end === begin ? [] : this.#memory.trained.filter(({ name }) => moved.has(tableName(name)))
    return own.map((table: RowTable) => ({ table, ids, shape: [padded, table.dimensions] as const }))
  }

  async #runGraph({ worker, rows, moved }: UpdatePlan, graph: Compiled, feeds: Record<string, OnnxTensor>): Promise<void> {
    const { variables, from, length } = this.#memory.layout.owned[worker]!
    const { slots } = this.#options.optimizer
    const { current } = this.#memory
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
    for (const { table, ids, shape } of this.#ownRows(rows, worker, moved)) {
      const { name, dimensions } = table
      held[gradientOf(tableName(name))] = this.#memory.held(`${name} sum`, shape)
      for (const slot of [undefined, ...slots]) {
        gather[tableName(name, slot)] = { shared: this.#memory.buffer(tableName(name, slot)), rows: ids, columns: dimensions }
        into[`${tableName(name, slot)} after`] = this.#memory.held(`${name} after${slot ? ` ${slot}` : ''}`, shape)
      }
    }
    const own = (buffer: string, shared: string, offset: number, at: number): Copy => ({
      buffer: this.#memory.buffer(buffer),
      shared: this.#memory.buffer(shared),
      offset,
      length,
      at,
    })
    const slotsOf = (buffer: string, set: number) =>
      slots.map((_, at) => own(buffer, `slots ${set}`, at * this.#memory.layout.length + from, at * length))
    // A worker that had no part has not seen the present values yet.
    const pull = [...(worker < rows.places.length ? [] : [this.#memory.pull()]), ...(length > 0 ? slotsOf('slots', current) : [])]
    const publish = length > 0 ? [own('after', `values ${1 - current}`, from, 0), ...slotsOf('slots after', 1 - current)] : []
    await graph.run({ feeds, held, into, gather, pull, publish, returns: [] })
  }
}
