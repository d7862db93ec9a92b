import type { OnnxTensor } from '../../tensor.ts'
import type { EmittedModel } from '../../trace/emit.ts'
import type { Engine } from '../engine.ts'
import type { Runtime } from '../runtime.ts'
import type { RunRequest } from './protocol.ts'

let count = 0

/** Numbers that no two sessions or buffers of this process share. */
export const nextNative = (): number => count++

/**
 * Tensors of a run come from the process's heap, which all sessions share, instead of an arena that each keeps at its
 * largest: with a graph for each signature that is the difference between 30 MB and 130 MB a graph, for 2 % of the time.
 */
const frugal = { enableCpuMemArena: false, enableMemPattern: false }

type Memory = Readonly<Record<string, boolean>>

/**
 * An arena of its own, for graphs that run again and again: fresh memory costs 3 to 7 % of a student's step. A pattern, for
 * which the arena takes a second block as large as all that a run needs, brings less than 1 % more.
 */
export const ownArena: Memory = { enableCpuMemArena: true, enableMemPattern: false }

/** A model in the worker, and which of its inputs it really uses. */
export class Compiled {
  readonly runtime: Runtime
  readonly session: number
  readonly #inputs: ReadonlySet<string>

  private constructor(runtime: Runtime, session: number, inputs: ReadonlySet<string>) {
    this.runtime = runtime
    this.session = session
    this.#inputs = inputs
  }

  static async load(engine: Engine, model: EmittedModel): Promise<Compiled> {
    return Compiled.loadOn(await engine.runtime(), model, model.sequential ? 1 : engine.info.threads)
  }

  static async loadOn(runtime: Runtime, model: EmittedModel, threads: number, options: Memory = frugal): Promise<Compiled> {
    const session = nextNative()
    await runtime.request('load', { session, model: model.bytes, threads, options }, 'load the traced graph')
    return new Compiled(runtime, session, new Set(model.inputs))
  }

  uses(input: string): boolean {
    return this.#inputs.has(input)
  }

  run(request: Omit<RunRequest, 'session'>): Promise<Record<string, OnnxTensor>> {
    return this.runtime.request('run', { ...request, session: this.session }, 'run the traced graph')
  }

  async dispose(): Promise<void> {
    if (this.runtime.death === undefined) await this.runtime.request('dispose', { session: this.session })
  }
}
