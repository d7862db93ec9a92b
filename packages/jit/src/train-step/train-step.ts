import '@tensorflow/tfjs-layers'
import { KdError, Random } from '@kd/core'
import { boundEngine } from '../engines/bound.ts'
import type { Engine } from '../engines/engine.ts'
import { nonNegative } from '../optimizers/checks.ts'
import { sizeOf } from '../trace/graph.ts'
import { DistinctIds } from './distinct.ts'
import { type PreparedStep, type StepEngine, stateParts } from './engine.ts'
import { NativeStep } from './native.ts'
import type { StepInputs, StepRunOptions, TrainStep, TrainStepOptions } from './options.ts'
import { ParallelStep } from './parallel.ts'
import { PlainStep } from './plain.ts'

/**
 * A training step as one graph: the loss, its gradients, and the optimizer's update of dense variables and of the
 * table rows that a batch names (lazily: other rows and their slots stay as they are). Weights stay with the engine
 * between steps; only the loss comes back, until `sync` or `state` asks. On the fallback engine the same step runs on
 * TensorFlow.js, untraced.
 * @throws KdError of kind `option` at once for options out of range; `engine` from a step that can't be traced
 */
export function trainStep(options: TrainStepOptions): TrainStep {
  return trainStepOn(options, boundEngine)
}

/** The same on a given engine. */
export function trainStepOn(options: TrainStepOptions, engine: () => Promise<Engine>): TrainStep {
  checkOptions(options)
  return new Step(options, engine)
}

class Step implements TrainStep {
  readonly #options: TrainStepOptions
  readonly #distinct: DistinctIds | undefined
  readonly #bind: () => Promise<Engine>
  #engine: StepEngine | undefined
  #steps = 0
  #last: Promise<unknown> = Promise.resolve()
  /** When all is done but for one step, and that has begun. */
  #begun: Promise<unknown> = Promise.resolve()
  /** Steps that have begun and not ended. */
  #running = 0
  #disposed = false

  constructor(options: TrainStepOptions, bind: () => Promise<Engine>) {
    this.#options = options
    this.#bind = bind
    const table = options.tables?.[0]
    if (table) this.#distinct = new DistinctIds(table.data.length / table.dimensions)
  }

  get traces(): number {
    return this.#engine?.traces ?? 0
  }

  get steps(): number {
    return this.#steps
  }

  run(batch: StepInputs, { learningRate = this.#options.optimizer.learningRate }: StepRunOptions = {}): Promise<{ loss: number }> {
    if (this.#disposed) return Promise.reject(this.#gone())
    const before = this.#last
    const begin = async () => {
      const engine = await this.#bound()
      if (!engine.ready) await before
      const number = this.#steps + this.#running + 1
      const prepared = { ...this.#prepare(batch), learningRate: nonNegative('learningRate', learningRate), step: number }
      const run = (await engine.ready?.(prepared)) ?? (() => engine.run(prepared))
      this.#running++
      // Both numbers at once: the next step's follows from them.
      const loss = run().then(
        (value) => {
          this.#running--
          this.#steps++
          return value
        },
        (error) => {
          this.#running--
          throw error
        },
      )
      loss.catch(() => {})
      return { number, loss }
    }
    const early = this.#begun.then(begin)
    // Its error is for when all before is done.
    early.catch(() => {})
    const begun = before.then(async () => {
      const { number, loss } = await early
      if (number <= this.#steps + 1) return { loss }
      // The step before has failed, and this one with it: it is now the next.
      await loss.catch(() => {})
      return begin()
    })
    const result = this.#inOrder(async () => ({ loss: await (await begun).loss }))
    this.#begun = begun.catch(() => {})
    return result
  }

  sync(): Promise<void> {
    return this.#inOrder((engine) => engine.sync())
  }

  state(): Promise<Record<string, Float32Array>> {
    return this.#inOrder(async (engine) => ({ ...(await engine.read()), steps: Float32Array.of(this.#steps) }))
  }

  restore(state: Readonly<Record<string, Float32Array>>): Promise<void> {
    return this.#inOrder(async (engine) => {
      const { steps, ...values } = state
      const parts = stateParts(this.#options)
      const wrong = parts.find(({ name, size }) => values[name]?.length !== size)
      const extra = Object.keys(values).find((name) => !parts.some((part) => part.name === name))
      if (wrong || extra || steps?.length !== 1) {
        const what = wrong
          ? `${wrong.name} has ${values[wrong.name]?.length ?? 'no'} numbers in the state, ${wrong.size} in the step`
          : extra
            ? `the state has ${extra}, which the step does not know`
            : 'the state has no number of steps'
        throw new KdError({ kind: 'mismatch', what, fix: 'Restore a state of a step with the same variables, tables and optimizer.' })
      }
      await engine.write(values)
      this.#steps = steps[0]!
    })
  }

  dispose(): Promise<void> {
    if (this.#disposed) return Promise.resolve()
    const done = this.#inOrder((engine) => engine.dispose())
    this.#disposed = true
    return done
  }

  #inOrder<T>(work: (engine: StepEngine) => Promise<T>): Promise<T> {
    if (this.#disposed) return Promise.reject(this.#gone())
    const result = this.#last.then(async () => work(await this.#bound()))
    this.#begun = this.#last = result.catch(() => {})
    return result
  }

  #gone(): KdError {
    return new KdError({ kind: 'engine', what: 'the training step has been disposed' })
  }

  async #bound(): Promise<StepEngine> {
    const engine = await this.#bind()
    return (this.#engine ??= engineOf(this.#options, engine))
  }

  #prepare({ inputs, ids }: StepInputs): Omit<PreparedStep, 'learningRate' | 'step'> {
    for (const [name, { data, shape }] of Object.entries({ ...inputs, ...(ids && { ids }) })) {
      if (data.length !== sizeOf(shape)) {
        throw new KdError({
          kind: 'option',
          what: `the shape [${shape}] has ${sizeOf(shape)} elements, the data ${data.length}`,
          where: { option: name },
        })
      }
    }
    if (!this.#distinct || !ids) {
      if (this.#distinct) throw new KdError({ kind: 'option', what: 'the step has tables, the batch no ids', where: { option: 'ids' } })
      return { inputs, distinct: { ids: new Int32Array(0), count: 0, positions: new Int32Array(0) }, idsShape: [0], room: 0 }
    }
    const { data, shape, room = 0 } = ids
    return { inputs, distinct: this.#distinct.of(data, room), idsShape: [...shape], room }
  }
}

function engineOf(options: TrainStepOptions, engine: Engine): StepEngine {
  const { graphs, native, threads } = engine.info
  if (!graphs) return new PlainStep(options)
  const workers = Math.min(threads, mostWorkers)
  if (options.parallel && native && workers > 1) return new ParallelStep(options, options.parallel, engine, workers)
  return new NativeStep(options, engine)
}

/** Beyond that the adding up of gradients costs what another worker brings. */
const mostWorkers = 8

function checkOptions({ variables, tables = [], seed, clipNorm, parallel: { accumulate = 1 } = { loss: 'sum' } }: TrainStepOptions): void {
  const fail = (option: string, what: string) => new KdError({ kind: 'option', what, where: { option } })
  new Random(seed)
  if (clipNorm !== undefined && !(clipNorm > 0)) throw fail('clipNorm', `${clipNorm} is not a positive number`)
  for (const { name, dtype } of variables) if (dtype !== 'float32') throw fail('variables', `${name} is ${dtype}, not float32`)
  if (!Number.isInteger(accumulate) || accumulate < 1) {
    throw fail('parallel.accumulate', `${accumulate} is not a whole number from 1`)
  }
  const rows = new Set<number>()
  const names = new Set<string>()
  for (const { name, data, dimensions } of tables) {
    if (!Number.isInteger(dimensions) || dimensions < 1 || data.length === 0 || data.length % dimensions !== 0) {
      throw fail('tables', `${name} has ${data.length} numbers, which are no rows of ${dimensions}`)
    }
    if (names.has(name)) throw fail('tables', `two are named ${name}`)
    names.add(name)
    rows.add(data.length / dimensions)
  }
  if (rows.size > 1) throw fail('tables', `they have ${[...rows].join(' and ')} rows, and the ids of a batch go for all`)
  if (variables.length === 0 && !tables.some(({ trainable }) => trainable)) throw fail('variables', 'there is nothing to train')
}
