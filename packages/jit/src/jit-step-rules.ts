import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import { nonNegative } from './optimizers/checks.ts'
import type { Optimizer } from './optimizers/optimizer.ts'
import { stepBody } from './train-step/body.ts'

export type StepState = Record<string, Float32Array>

/** What a rule needs with one step: tensors are inputs of the graph, the rest is part of the signature. */
export interface RuleInputs {
  readonly learningRate: tf.Scalar | number
  readonly step?: tf.Scalar
}

/** How gradients become new weights: one of this package's optimizers, or one of TensorFlow.js's. */
export interface Rule {
  /** @param learningRate the caller's wish, if any */
  inputs(step: number, learningRate: number | undefined, variables: readonly tf.Variable[]): RuleInputs
  /** Inside the traced function: assigns the variables and what the rule remembers, returns the loss. */
  apply(loss: () => tf.Scalar, variables: readonly tf.Variable[], inputs: RuleInputs): tf.Scalar
  /** After a step. */
  made(steps: number): void
  state(variables: readonly tf.Variable[], names: readonly string[]): Promise<StepState>
  /** Takes what it knows out of the state; returns the names that it took. */
  restore(state: Readonly<StepState>, variables: readonly tf.Variable[], names: readonly string[]): Promise<string[]>
  /** Which variables it works with at present: others mean another graph. */
  memory(): readonly tf.Variable[]
  dispose(): void
}

export const read = async (variable: tf.Tensor): Promise<Float32Array> => Float32Array.from(await variable.data())

export function write(variable: tf.Variable, values: Float32Array): void {
  const typed = variable.dtype === 'float32' ? values.slice() : Int32Array.from(values)
  tf.tidy(() => variable.assign(tf.tensor(typed, variable.shape, variable.dtype)))
}

/** One of this package's optimizers: the learning rate and the number of the step are inputs of the graph. */
export class OurRule implements Rule {
  readonly #optimizer: Optimizer
  readonly #schedule: (step: number) => number
  readonly #clipNorm: number | undefined
  readonly #slots = new Map<tf.Variable, tf.Variable[]>()

  constructor(optimizer: Optimizer, learningRate: number | ((step: number) => number) | undefined, clipNorm: number | undefined) {
    this.#optimizer = optimizer
    this.#schedule = typeof learningRate === 'function' ? learningRate : () => learningRate ?? optimizer.learningRate
    this.#clipNorm = clipNorm
  }

  inputs(step: number, learningRate: number | undefined, variables: readonly tf.Variable[]): RuleInputs {
    for (const variable of variables) this.#slotsOf(variable)
    const rate = nonNegative('learningRate', learningRate ?? this.#schedule(step))
    return { learningRate: tf.scalar(rate), step: tf.scalar(step) }
  }

  apply(loss: () => tf.Scalar, variables: readonly tf.Variable[], { learningRate, step }: RuleInputs): tf.Scalar {
    const { loss: value, updated } = stepBody({
      options: { variables, optimizer: this.#optimizer, seed: 0, clipNorm: this.#clipNorm, loss },
      parameters: variables.map((variable) => ({
        name: variable.name,
        value: variable,
        slots: this.#slotsOf(variable),
        decay: undefined,
      })),
      batch: { inputs: {}, rows: {}, positions: tf.scalar(0, 'int32') },
      context: { dropout: (x, rate) => tf.dropout(x, rate) },
      learningRate: learningRate as tf.Scalar,
      step: step!,
    })
    updated.forEach((update, index) => {
      if (!update) return
      variables[index]!.assign(update.parameter)
      this.#slotsOf(variables[index]!).forEach((slot, at) => {
        slot.assign(update.slots[at]!)
      })
    })
    return value
  }

  made(): void {}

  async state(variables: readonly tf.Variable[], names: readonly string[]): Promise<StepState> {
    const entries = variables.flatMap((variable, index) =>
      this.#slotsOf(variable).map(async (slot, at) => [this.#name(names[index]!, at), await read(slot)] as const),
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  async restore(state: Readonly<StepState>, variables: readonly tf.Variable[], names: readonly string[]): Promise<string[]> {
    const all = variables.flatMap((variable, index) =>
      this.#slotsOf(variable).map((slot, at) => ({ slot, name: this.#name(names[index]!, at) })),
    )
    for (const { slot, name } of all) checkSize(state, name, slot.size)
    for (const { slot, name } of all) write(slot, state[name]!)
    return all.map(({ name }) => name)
  }

  memory(): readonly tf.Variable[] {
    return []
  }

  dispose(): void {
    tf.dispose([...this.#slots.values()].flat())
    this.#slots.clear()
  }

  #name(variable: string, slot: number): string {
    return `${variable} ${this.#optimizer.slots[slot]}`
  }

  #slotsOf(variable: tf.Variable): tf.Variable[] {
    let slots = this.#slots.get(variable)
    if (!slots) {
      slots = this.#optimizer.slots.map(() => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)))
      this.#slots.set(variable, slots)
    }
    return slots
  }
}

interface TheirFields {
  learningRate?: number
  setLearningRate?(rate: number): void
  iterations_?: number
  iterations: number
}

/** One of TensorFlow.js's: its learning rate is a number of JavaScript, part of the signature. */
export class TheirRule implements Rule {
  readonly #optimizer: tf.Optimizer
  readonly #fields: TheirFields
  /** Iterations that the optimizer had made before. */
  #before: number

  constructor(optimizer: tf.Optimizer) {
    this.#optimizer = optimizer
    this.#fields = optimizer as unknown as TheirFields
    this.#before = this.#fields.iterations
  }

  inputs(_: number, learningRate: number | undefined): RuleInputs {
    if (learningRate !== undefined) throw ownRate()
    const rate = this.#fields.learningRate ?? Number.NaN
    // SGD keeps a second copy of it, which a plain assignment leaves behind.
    this.#fields.setLearningRate?.(rate)
    return { learningRate: rate }
  }

  apply(loss: () => tf.Scalar, variables: readonly tf.Variable[]): tf.Scalar {
    return this.#optimizer.minimize(loss, true, [...variables])!
  }

  /** Its own count rises with each trace, not with each step. */
  made(steps: number): void {
    this.#fields.iterations_ = this.#before + steps
  }

  async state(): Promise<StepState> {
    const weights = await this.#optimizer.getWeights()
    const entries = weights.map(async ({ name, tensor }, index) => [`optimizer ${index} ${name}`, await read(tensor)] as const)
    const state = Object.fromEntries(await Promise.all(entries))
    weights[0]?.tensor.dispose()
    return state
  }

  async restore(state: Readonly<StepState>, variables: readonly tf.Variable[]): Promise<string[]> {
    const names = Object.keys(state).filter((name) => name.startsWith('optimizer '))
    const weights = names.map((name) => {
      const [, index, ...rest] = name.split(' ')
      const shape = index === '0' ? [] : variables[(Number(index) - 1) % variables.length]!.shape
      checkSize(state, name, tf.util.sizeFromShape(shape))
      const tensor = index === '0' ? tf.scalar(state[name]![0]!, 'int32') : tf.tensor(state[name]!.slice(), shape)
      return { name: rest.join(' '), tensor }
    })
    await this.#optimizer.setWeights(weights)
    this.#before = 0
    return names
  }

  memory(): readonly tf.Variable[] {
    return variablesIn(this.#optimizer, 4)
  }

  dispose(): void {}
}

function variablesIn(value: unknown, depth: number): tf.Variable[] {
  if (value instanceof tf.Variable) return [value]
  if (depth === 0 || typeof value !== 'object' || value === null || value instanceof tf.Tensor) return []
  return Object.values(value).flatMap((inner) => variablesIn(inner, depth - 1))
}

export function checkSize(state: Readonly<StepState>, name: string, size: number): void {
  if (state[name]?.length === size) return
  throw new KdError({
    kind: 'mismatch',
    what: `${name} has ${state[name]?.length ?? 'no'} numbers in the state, ${size} in the step`,
    fix: 'Restore a state of a step with the same model and optimizer.',
  })
}

export const ownRate = (): KdError =>
  new KdError({
    kind: 'option',
    what: "one of TensorFlow.js's optimizers has a learning rate of its own",
    where: { option: 'learningRate' },
    fix: 'Set optimizer.learningRate, which traces again, or take adam, adamW or adadelta of this package.',
  })
